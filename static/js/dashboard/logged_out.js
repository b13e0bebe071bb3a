// The session is over: said once on the page, with the way to the log-in page and back to this one.
// Until somebody comes back to the tab (from a log-in in another one, say), nothing more is asked.
const OVER = 401;
let over = false;

export const isLoggedOut = () => over;

// Whether an answer says that the session is over; then the page says so too.
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
