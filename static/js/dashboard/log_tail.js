// A log that grows: its end stays in sight unless somebody has scrolled up to read.
const NEAR = 24; // px from the end that still count as being there
const logs = () => document.querySelectorAll("[data-tail]");
let away = null; // where a reader of the log stood before it was renewed

for (const log of logs()) log.scrollTop = log.scrollHeight;
document.addEventListener("htmx:beforeSwap", () => {
  const [log] = logs();
  away = log && log.scrollHeight - log.scrollTop - log.clientHeight > NEAR ? log.scrollTop : null;
});
document.addEventListener("htmx:afterSwap", () => {
  for (const log of logs()) log.scrollTop = away ?? log.scrollHeight;
});
