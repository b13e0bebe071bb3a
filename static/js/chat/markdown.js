// A reply that has ended, as Markdown: the server renders and sanitises it, this inserts it.
import { copy } from "../shared/clipboard.js";
import { say } from "../shared/strings.js";

// A text without any of these is the same in Markdown, and the server need not be asked.
const SIGNS = /[*_`#>[~|\\&<]|^[ \t]*(?:[-+]|\d{1,9}[.)])(?:\s|$)|^[ \t]*[-=]+[ \t]*$|^(?: {4}| {0,3}\t)/m;

export function mayDiffer(text) {
  return SIGNS.test(text);
}

// The reply's HTML; "" where it equals its plain text, or isn't available now.
export async function fetchMarkdown(turn) {
  try {
    const response = await fetch(`/turn/${turn}/reply/`);
    return response.ok ? await response.text() : "";
  } catch {
    return "";
  }
}

// Code blocks get a button that copies them, and the keyboard a way to scroll them.
export function furnish(box) {
  for (const block of box.querySelectorAll("pre")) {
    const frame = document.createElement("div");
    frame.className = "code";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "icon copy-code";
    button.textContent = say("copy");
    button.setAttribute("aria-label", say("copyCode"));
    button.addEventListener("click", () => copy(block.textContent.replace(/\n$/, ""), button));
    block.tabIndex = 0;
    block.replaceWith(frame);
    frame.append(block, button);
  }
  for (const table of box.querySelectorAll("table")) {
    const frame = document.createElement("div");
    frame.className = "wide";
    frame.tabIndex = 0;
    table.replaceWith(frame);
    frame.append(table);
  }
}
