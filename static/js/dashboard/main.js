// What every page of the dashboard does: tells the charts when Django's admin changes its theme,
// and asks before a form that says data-confirm is sent.
import "./save_in_place.js";

new MutationObserver(() => document.dispatchEvent(new Event("themechange"))).observe(document.documentElement, {
  attributeFilter: ["data-theme"],
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("themechange")));

document.addEventListener("submit", (event) => {
  const question = (event.submitter ?? event.target).dataset.confirm ?? event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// Rows that lead somewhere do so wherever they are clicked; the link in them stays a link.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.target.closest("a, button, input, label, select")) return;
  location.assign(row.dataset.href);
});

// On a phone the navigation is wider than the screen: show where one is.
document.querySelector(".sections [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
