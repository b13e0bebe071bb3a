// Copies a text and confirms it on the pressed button.
import { say } from "./strings.js";

export async function copy(text, button) {
  if (!(await toClipboard(text))) return;
  button.classList.add("done");
  document.getElementById("spoken").textContent = say("copied");
  setTimeout(() => button.classList.remove("done"), 1500);
}

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Absent on plain http, or refused: the old API works there.
    const before = document.activeElement;
    const field = document.createElement("textarea");
    field.className = "unseen";
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    before?.focus();
    return done;
  }
}
