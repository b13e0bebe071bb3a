// Refreshes the page on a return from another tab, window or application: no frame reports a title,
// a share or other chats.
const LEAST = 1000; // ms between two refreshes

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
