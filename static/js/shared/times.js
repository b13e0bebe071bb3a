// Moments, which the server writes in UTC, on the reader's own clock: 24 hours, in the reader's zone on
// that day. The title keeps the moment in UTC. Parts that are loaded later are converted then.
const two = (n) => String(n).padStart(2, "0");

function onOwnClock(moment, form) {
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  const minute = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
  if (form === "date") return day;
  // In a list of one's own things: the time for today, the day for what is older.
  if (form === "list") return moment.toDateString() === new Date().toDateString() ? minute : day;
  return `${day} ${minute}${form === "second" ? `:${two(moment.getSeconds())}` : ""}`;
}

function show(root) {
  for (const time of root.querySelectorAll("time[data-form]:not([title])")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    time.title = `${moment.toISOString().slice(0, 19).replace("T", " ")} UTC`;
    time.textContent = onOwnClock(moment, time.dataset.form);
  }
}

show(document);
new MutationObserver(() => show(document)).observe(document.body, { childList: true, subtree: true });
