// Moments, which the server writes in UTC, on the reader's own clock: 24 hours, as they say it there
// on that day. The title keeps the moment in UTC. What is loaded later is put right when it comes.
const two = (n) => String(n).padStart(2, "0");

function onOwnClock(moment, form) {
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  const minute = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
  if (form === "date") return day;
  // A list of one's own things: the time of what is of today, the day of what is older.
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
