// Enter before the page's other scripts run: the field says that its text will be sent, and composer.js
// sends it. A button of a turn that is pressed then is marked, and main.js presses it again. Whatever is
// loaded here would delay this, so it imports nothing.
document.addEventListener("keydown", (event) => {
  const form = document.getElementById("composer");
  if (event.target.id !== "text" || !form || "ready" in form.dataset) return;
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  if (!event.target.value.trim()) return;
  form.dataset.early = event.target.value;
  document.getElementById("early").hidden = false;
}, true);
document.addEventListener("click", (event) => {
  const button = event.target.closest("#turns button");
  if (!button || "ready" in (document.getElementById("composer")?.dataset ?? { ready: "" })) return;
  for (const earlier of document.querySelectorAll("button[data-early]")) delete earlier.dataset.early;
  button.dataset.early = "";
}, true);
