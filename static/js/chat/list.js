// The list of chats: its search, its keys, and the reader's time zone, by which days are grouped.
import { personNow, renew } from "../shared/identity.js";
import { redraw } from "./menu.js";
import { whenBack } from "./refresh_on_return.js";

const search = document.getElementById("q");
const list = () => document.getElementById("chat-list");
const links = () => [...list().querySelectorAll(".chat-entry .title")];

const offset = -new Date().getTimezoneOffset();
if (!document.cookie.split("; ").includes(`utc_offset=${offset}`)) {
  document.cookie = `utc_offset=${offset}; path=/; max-age=31536000; samesite=lax`;
}

// "/" goes to the search, the arrows walk through the results, Escape goes back and clears.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]") || !search.checkVisibility()) return;
  event.preventDefault();
  search.focus();
  search.select();
});
search.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "ArrowDown" && links().length) {
    event.preventDefault();
    links()[0].focus();
  } else if (event.key === "Escape" && search.value) {
    event.preventDefault();
    event.stopPropagation();
    search.value = "";
    search.dispatchEvent(new Event("search", { bubbles: true }));
  }
});
document.addEventListener("keydown", (event) => {
  const link = event.target.closest?.("#chat-list .chat-entry .title");
  if (!link) return;
  const all = links();
  const at = all.indexOf(link);
  if (event.key === "ArrowDown") (all[at + 1] ?? link).focus();
  else if (event.key === "ArrowUp") (all[at - 1] ?? search).focus();
  else if (event.key === "Escape" && search.value) search.focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
});

// Enter is a key, a search and a form at once. A pending request isn't repeated: a second answer
// would replace the list under the reader's hand.
let asked = search.value;
const asks = ({ target }) => target === search || target === search.form;
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!asks(event)) return;
  if (search.value === asked) event.preventDefault();
  asked = search.value;
});
for (const failure of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(failure, (event) => {
    if (asks(event)) asked = null;
  });
}

// The session may have ended since the page was loaded. An answer for another person, or a refusal,
// has the bar say who one is now; on the page of one's chats these are then other chats.
document.addEventListener("htmx:afterSwap", () => {
  if (personNow() !== null && list().dataset.person !== personNow()) renew().catch(() => {});
});
document.addEventListener("htmx:responseError", () => renew().catch(() => {}));
document.addEventListener("person", () => {
  if (list().dataset.place === "page") location.reload();
});

// Older chats replace their button: the focus goes to the first of them.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id !== "older" || !detail.target.contains(document.activeElement)) return;
  const before = links().length;
  document.addEventListener("htmx:afterSettle", () => links()[before]?.focus(), { once: true });
});

// Chats renamed, deleted or begun elsewhere. A list in use is left alone, and so is one that shows
// more than its first page.
const PAGE = 50;
const held = () => list().contains(document.activeElement) || document.querySelector(".menu, #chat-list .chat-gone");
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  // The reader began to use the list while the answer was on its way.
  if (detail.target === list() && !asks({ target: detail.requestConfig.elt }) && !("redraw" in list().dataset) && held()) detail.shouldSwap = false;
});
async function refresh() {
  if (held() || list().querySelectorAll("[data-chat]").length > PAGE || !globalThis.htmx) return;
  await redraw();
  // The head of the open chat shows whether it is shared.
  for (const { dataset: { chat, shared } } of list().querySelectorAll("[data-chat]")) {
    const here = document.querySelector(`.chat-here[data-chat="${chat}"]`);
    if (!here) continue;
    here.dataset.shared = shared;
    here.parentElement.querySelector(":scope > .shared-mark").hidden = shared !== "1";
  }
}
whenBack(refresh);

// The progress of each import. Only its text changes, so that no click is lost on a replaced link; a
// finished one becomes a chat of the list.
const IMPORTS = 2000; // ms between two polls
async function lookAtImports() {
  const going = [...list().querySelectorAll("[data-import][data-going]")];
  if (!going.length || document.hidden) return;
  const answer = await fetch(search.getAttribute("hx-get"), { headers: { "HX-Request": "true" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  let ended = false;
  for (const entry of going) {
    const now = fresh.querySelector(`[data-import="${entry.dataset.import}"]`);
    ended ||= !now;
    if (!now) continue;
    entry.querySelector(".snippet").textContent = now.querySelector(".snippet").textContent;
    entry.toggleAttribute("data-going", "going" in now.dataset);
  }
  if (ended) await refresh();
}
setInterval(() => lookAtImports().catch(() => {}), IMPORTS); // the server may be away for a while

document.addEventListener("chat:elsewhere", () => refresh().catch(() => {}));

// A chat enters the list with its first message.
document.addEventListener("chat:turn-started", () => {
  const here = new URL(search.getAttribute("hx-get"), location.href).searchParams.get("current");
  if (here && !search.value && !list().querySelector(`[data-chat="${here}"]`)) refresh();
});
