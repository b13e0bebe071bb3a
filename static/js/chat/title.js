// A chat's title, edited in its place: Enter or a click elsewhere saves it, Escape doesn't.
import { post } from "../shared/post_form.js";

const words = document.getElementById("chat-menu-template").dataset;

// Writes a title wherever the page shows it, and where only screen readers find it.
export function writeTitle(chat, title) {
  const shown = title || words.untitled;
  for (const place of document.querySelectorAll(`[data-title-of="${chat}"]`)) {
    place.textContent = shown;
    if (place.id === "title") document.title = `${shown} · Gatescope`;
  }
  for (const menu of document.querySelectorAll(`.chat-entry[data-chat="${chat}"] [data-menu]`)) {
    menu.setAttribute("aria-label", words.menuOf.replace("{title}", () => shown));
  }
}

function show(chat, title) {
  writeTitle(chat, title);
  document.dispatchEvent(new CustomEvent("chat:title", { detail: { chat, title } }));
}

// `link` shows the title; at the end the focus goes to `after`.
export function editTitle(link, after = link) {
  const chat = link.dataset.titleOf;
  const before = link.textContent === words.untitled ? "" : link.textContent;
  const form = document.createElement("form");
  const input = document.createElement("input");
  form.className = "title-form";
  Object.assign(input, { type: "text", value: before, maxLength: 1000, autocomplete: "off" });
  input.setAttribute("aria-label", words.titleLabel);
  form.append(input);
  link.hidden = true;
  link.before(form);
  input.focus();
  input.select();

  let over = false;
  function end(focus) {
    over = true;
    link.hidden = false;
    form.remove();
    if (focus) after.focus();
  }
  async function keep(focus) {
    if (over) return;
    if (input.value.trim() === before) return end(focus);
    try {
      const { title } = await post(`/chat/${chat}/rename/`, { title: input.value });
      if (!over) end(focus);
      show(chat, title);
    } catch {
      input.setCustomValidity(words.failed);
      input.reportValidity();
    }
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep(true);
  });
  input.addEventListener("input", () => input.setCustomValidity(""));
  input.addEventListener("blur", () => keep(false));
  input.addEventListener("keydown", (event) => {
    event.stopPropagation(); // Escape ends the editing and nothing else
    if (event.key === "Escape" && !event.isComposing) end(true);
  });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-edits]");
  if (!link) return;
  event.preventDefault();
  editTitle(link);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !event.target.matches?.("[data-edits]")) return;
  event.preventDefault();
  editTitle(event.target);
});
