// A deleted chat: this page still shows it, without any action.
const main = document.getElementById("main");
const acts = [...document.querySelectorAll("#main .composer-place, #main .openings, .memory-actions, .memory .foot, #blanked-note, #forgotten")];
const text = document.getElementById("text");

export function close() {
  main.classList.add("closed");
  for (const part of acts) part.inert = true;
  text.disabled = true;
}

// Whether it was closed.
export function reopen() {
  if (!main.classList.contains("closed")) return false;
  main.classList.remove("closed");
  for (const part of acts) part.inert = false;
  text.disabled = false;
  return true;
}
