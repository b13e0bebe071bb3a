// The session is over: shown once on the page, with a link to the log-in page and back. Until the tab
// becomes visible again (after a log-in in another one, say), no more requests are sent.
const OVER = 401;
let over = false;

export const isLoggedOut = () => over;

// Whether an answer says that the session is over; then the page shows it too.
export function loggedOut(status) {
  if (status !== OVER) return false;
  over = true;
  const kept = document.getElementById("logged-out");
  if (!kept || document.querySelector("p.logged-out")) return true;
  const notice = document.importNode(kept.content, true).firstElementChild;
  const link = notice.querySelector("a");
  link.href += `?next=${encodeURIComponent(location.pathname + location.search)}`;
  document.body.append(notice);
  return true;
}

const comeBack = () => {
  if (!document.hidden) over = false;
};
document.addEventListener("visibilitychange", comeBack);
addEventListener("focus", comeBack);

document.addEventListener("htmx:beforeRequest", (event) => {
  if (over) event.preventDefault();
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!loggedOut(detail.xhr?.status) && detail.successful) document.querySelector("p.logged-out")?.remove();
});
