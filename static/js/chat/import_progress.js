// The page of an import polls its progress each second (htmx). Here: failed polls.
const away = document.getElementById("import-away");
const ours = ({ target }) => target.id === "importing";

document.addEventListener("htmx:responseError", (event) => {
  if (!ours(event)) return;
  // Cancelled elsewhere, or logged out: there is nothing to wait for.
  if (event.detail.xhr.status === 404) location.replace(document.getElementById("import-list").href);
  else away.hidden = false;
});
document.addEventListener("htmx:sendError", (event) => {
  if (ours(event)) away.hidden = false;
});
document.addEventListener("htmx:afterSwap", () => {
  away.hidden = true;
});
