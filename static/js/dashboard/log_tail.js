// A log that grows: its end stays in view unless the reader has scrolled up.
const NEAR = 24; // px from the end that still count as the end
const logs = () => document.querySelectorAll("[data-tail]");
let away = null; // where the reader of the log was before it was replaced

for (const log of logs()) log.scrollTop = log.scrollHeight;
document.addEventListener("htmx:beforeSwap", () => {
  const [log] = logs();
  away = log && log.scrollHeight - log.scrollTop - log.clientHeight > NEAR ? log.scrollTop : null;
});
document.addEventListener("htmx:afterSwap", () => {
  for (const log of logs()) log.scrollTop = away ?? log.scrollHeight;
});
