// Focuses the message field before the page's other scripts run, so that early keys go into it.
const touch = matchMedia("(pointer: coarse)").matches;

function first() {
  const text = document.getElementById("text");
  if (text && !touch && document.activeElement === document.body) text.focus({ preventScroll: true });
  return Boolean(text);
}

if (!first()) document.addEventListener("DOMContentLoaded", first, { once: true });
