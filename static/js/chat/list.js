// The list of chats: searching by keys, and the reader's time, by which the server tells the days.
import { redraw } from "./menu.js";
import { whenBack } from "./refresh_on_return.js";

const search = document.getElementById("q");
const list = () => document.getElementById("chat-list");
const links = () => [...list().querySelectorAll(".chat-entry .title")];

const offset = -new Date().getTimezoneOffset();
if (!document.cookie.split("; ").includes(`utc_offset=${offset}`)) {
  document.cookie = `utc_offset=${offset}; path=/; max-age=31536000; samesite=lax`;
}

// "/" goes to the search, the arrows walk through what was found, Escape goes back and clears.
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

// Enter is typing, a search and a form at once. What has been asked isn't asked again: a second answer
// would put another list under the reader's hand.
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

// Older chats come where their button was: the focus goes to the first of them.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id !== "older" || !detail.target.contains(document.activeElement)) return;
  const before = links().length;
  document.addEventListener("htmx:afterSettle", () => links()[before]?.focus(), { once: true });
});

// What was renamed, deleted or begun elsewhere. A list that somebody has a hand on is left alone, and
// so is one that goes on beyond its first page.
const PAGE = 50;
const held = () => list().contains(document.activeElement) || document.querySelector(".menu, #chat-list .chat-gone");
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  // Somebody has laid a hand on it while the answer was on its way.
  if (detail.target === list() && !asks({ target: detail.requestConfig.elt }) && !("redraw" in list().dataset) && held()) detail.shouldSwap = false;
});
async function refresh() {
  if (held() || list().querySelectorAll("[data-chat]").length > PAGE || !globalThis.htmx) return;
  await redraw();
  // The open chat says in its head whether it is shared.
  for (const { dataset: { chat, shared } } of list().querySelectorAll("[data-chat]")) {
    const here = document.querySelector(`.chat-here[data-chat="${chat}"]`);
    if (!here) continue;
    here.dataset.shared = shared;
    here.parentElement.querySelector(":scope > .shared-mark").hidden = shared !== "1";
  }
}
whenBack(refresh);

// How far each import is. Only its words change, so that no click is lost on a link that was replaced;
// one that is done becomes a chat of the list.
const IMPORTS = 2000; // ms between two looks
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

// A chat comes into the list with its first message.
document.addEventListener("chat:turn-started", () => {
  const here = new URL(search.getAttribute("hx-get"), location.href).searchParams.get("current");
  if (here && !search.value && !list().querySelector(`[data-chat="${here}"]`)) refresh();
});
