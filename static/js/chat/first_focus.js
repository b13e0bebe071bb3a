// As the page opens, before its other scripts have come: what is typed then is a message.
const touch = matchMedia("(pointer: coarse)").matches;

function first() {
  const text = document.getElementById("text");
  if (text && !touch && document.activeElement === document.body) text.focus({ preventScroll: true });
  return Boolean(text);
}

if (!first()) document.addEventListener("DOMContentLoaded", first, { once: true });
