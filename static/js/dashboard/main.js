// Common to every page of the dashboard: notifies the charts when Django's admin changes its theme,
// and asks before a form with data-confirm is sent.
import "./logged_out.js";
import "./patch.js";
import "./save_in_place.js";

const TWICE = 2000; // ms in which a second press on the same button is a double click

new MutationObserver(() => document.dispatchEvent(new Event("themechange"))).observe(document.documentElement, {
  attributeFilter: ["data-theme"],
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("themechange")));

document.addEventListener("submit", (event) => {
  const question = (event.submitter ?? event.target).dataset.confirm ?? event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// A double click sends a form once. (Forms sent by a script handle that themselves.)
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[data-save], [data-upload]")) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  // What takes seconds says so on its button, until the answer's page is there.
  const button = event.submitter;
  if (button?.dataset.busy) button.textContent = button.dataset.busy;
  setTimeout(() => { delete form.dataset.sent; }, TWICE);
});

// Rows with a target are links wherever they are clicked; the link in them stays a link.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.target.closest("a, button, input, label, select")) return;
  location.assign(row.dataset.href);
});

// The browser scrolls to the focused field before the page has its height.
addEventListener("load", () => {
  const wrong = document.querySelector("[aria-invalid=true][autofocus]");
  wrong?.focus({ preventScroll: true });
  wrong?.scrollIntoView({ block: "center" });
});
