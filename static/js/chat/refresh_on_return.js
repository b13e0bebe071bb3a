// Whoever comes back to this page, from another tab, window or application, sees what changed
// elsewhere meanwhile: nothing tells of a title, of a share or of other chats by itself.
const LEAST = 1000; // ms between two looks

export function whenBack(look) {
  let last = -LEAST;
  const back = () => {
    if (document.hidden || performance.now() - last < LEAST) return;
    last = performance.now();
    look();
  };
  document.addEventListener("visibilitychange", back);
  addEventListener("focus", back);
}
