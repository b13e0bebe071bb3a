// The menu of a chat: opens beside its "⋯", works by pointer and by keys, and returns the focus.
import { editTitle } from "./title.js";
import { openShare } from "./share_dialog.js";
import { menuKeys } from "../shared/menu_keys.js";
import { post } from "../shared/post_form.js";

const template = document.getElementById("chat-menu-template");
const GAP = 4;
let open = null; // {menu, opener}

function close({ focus = false } = {}) {
  if (!open) return;
  const { menu, opener } = open;
  open = null; // first: removing the menu moves the focus, which would close it once more
  opener.setAttribute("aria-expanded", "false");
  if (focus) opener.focus();
  menu.remove();
}

// Under the button and flush with its right side; above it, or farther left, without room there.
export function put(menu, opener) {
  const { top, bottom, right } = opener.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  // The menu of the chat that is open stays in its own column, off the list of the others.
  const from = opener.closest("main")?.getBoundingClientRect().left ?? 0;
  const left = Math.max(GAP, Math.min(Math.max(right - width, from + GAP), innerWidth - width - GAP));
  const below = bottom + GAP + height <= innerHeight || top - GAP - height < 0;
  menu.style.left = `${left}px`;
  menu.style.top = `${below ? Math.max(GAP, Math.min(bottom + GAP, innerHeight - height - GAP)) : top - GAP - height}px`;
}

function show(opener) {
  const place = opener.closest("[data-chat]");
  const { chat } = place.dataset;
  const menu = template.content.firstElementChild.cloneNode(true);
  for (const part of menu.querySelectorAll("[href], [action]")) {
    const name = part.hasAttribute("href") ? "href" : "action";
    part.setAttribute(name, part.getAttribute(name).replace(template.dataset.chat, chat));
  }
  for (const button of menu.querySelectorAll(".flag button")) {
    const on = place.dataset[button.name] === "1";
    button.value = on ? "0" : "1";
    button.textContent = on ? button.dataset.on : button.dataset.off;
  }
  menu.querySelector("[role=switch]").setAttribute("aria-checked", String(place.dataset.shared === "1"));
  // An entry of the list is replaced in its place; from the open chat a new page is loaded.
  const row = opener.closest("li");
  if (row && !row.querySelector("[aria-current]")) {
    const form = menu.querySelector(".delete");
    form.setAttribute("hx-post", form.getAttribute("action"));
    form.setAttribute("hx-target", "closest li");
    form.setAttribute("hx-swap", "outerHTML");
    const where = Object.assign(document.createElement("input"), { type: "hidden", name: "place" });
    where.value = document.getElementById("chat-list").dataset.place;
    form.append(where);
  }
  open = { menu, opener };
  opener.setAttribute("aria-expanded", "true");
  opener.after(menu);
  htmx.process(menu);
  menu.showPopover();
  put(menu, opener);
  menu.querySelector(".item").focus();
}

// Pinned or archived, or no longer: the list is drawn again, and the focus stays with the chat or,
// where it has left the list, with the entry in its place.
async function flag(button) {
  const { opener } = open;
  const { chat } = opener.closest("[data-chat]").dataset;
  const at = [...document.querySelectorAll("#chat-list .chat-entry")].findIndex((entry) => entry.contains(opener));
  try {
    const facts = await post(button.form.action, { [button.name]: button.value });
    close({ focus: true });
    for (const place of document.querySelectorAll(`[data-chat="${chat}"]`)) {
      place.dataset.pinned = facts.pinned ? "1" : "0";
      place.dataset.archived = facts.archived ? "1" : "0";
      const mark = place.parentElement.querySelector(":scope > .archived-mark"); // of the open chat
      if (mark) mark.hidden = !facts.archived;
    }
    await redraw({ held: true });
    if (at < 0) return;
    const entries = [...document.querySelectorAll("#chat-list .chat-entry")];
    const entry = entries.find((other) => other.dataset.chat === chat) ?? entries[Math.min(at, entries.length - 1)];
    (entry?.querySelector("[data-menu]") ?? document.getElementById("q")).focus();
  } catch {
    button.setCustomValidity(template.dataset.failed);
    button.reportValidity();
    button.setCustomValidity("");
  }
}

// The current list of the same search or shelf, inserted in its place, so that nothing jumps.
export async function redraw({ held = false } = {}) {
  const search = document.getElementById("q");
  const list = document.getElementById("chat-list");
  const url = new URL(search.getAttribute("hx-get"), location.href);
  if (search.value) url.searchParams.set("q", search.value);
  if ("archivedList" in list.dataset) url.searchParams.set("archived", "1");
  const top = list.scrollTop;
  // Requested while the list is in use, which is replaced all the same (list.js).
  if (held) list.dataset.redraw = "";
  await htmx.ajax("GET", url.pathname + url.search, { target: "#chat-list", swap: "outerHTML" });
  document.getElementById("chat-list").scrollTop = top;
}

async function share(button) {
  const { opener } = open;
  const { chat } = opener.closest("[data-chat]").dataset;
  try {
    const { shared } = await post(`/chat/${chat}/share/`, { shared: button.ariaChecked === "true" ? 0 : 1 });
    button.setAttribute("aria-checked", String(shared));
    for (const place of document.querySelectorAll(`[data-chat="${chat}"]`)) {
      place.dataset.shared = shared ? "1" : "0";
      const mark = place.querySelector(".shared-mark") ?? place.parentElement.querySelector(":scope > .shared-mark");
      if (mark) mark.hidden = !shared;
    }
  } catch {
    button.setCustomValidity(template.dataset.failed);
    button.reportValidity();
    button.setCustomValidity("");
  }
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-menu]");
  if (opener) {
    event.preventDefault();
    const again = open?.opener === opener;
    close({ focus: again });
    if (!again) show(opener);
  } else if (open && !open.menu.contains(event.target)) {
    close();
  } else if (event.target.closest(".menu [data-rename]")) {
    const { opener } = open;
    const { chat } = opener.closest("[data-chat]").dataset;
    const near = opener.closest("li, header").querySelector(`[data-title-of="${chat}"]`);
    close();
    editTitle(near, opener);
  } else if (open && event.target.closest(".menu a[data-share]")) {
    event.preventDefault();
    const { opener } = open;
    const place = opener.closest("[data-chat]");
    const mark = place.parentElement.querySelector(":scope > .public-mark"); // of the open chat
    const path = event.target.closest("a").dataset.share.replace(template.dataset.chat, place.dataset.chat);
    close({ focus: true });
    openShare(path, "chat", place.dataset.chat, (on) => mark && (mark.hidden = !on));
  } else if (event.target.closest(".menu a.item")) {
    close({ focus: true });
  }
});
document.addEventListener("submit", (event) => {
  if (event.target.matches(".menu .flag")) {
    event.preventDefault();
    flag(event.submitter ?? event.target.querySelector("button"));
    return;
  }
  if (!event.target.matches(".menu .share")) return;
  event.preventDefault();
  share(event.target.querySelector("[role=switch]"));
});
document.addEventListener("focusout", (event) => {
  if (open?.menu.contains(event.target) && event.relatedTarget && !open.menu.contains(event.relatedTarget) && event.relatedTarget !== open.opener) close();
});
// Before every other listener for Escape: it closes what was opened last, and nothing more.
window.addEventListener("keydown", (event) => open && menuKeys(event, open.menu, close), true);
window.addEventListener("resize", () => close());
// Scrolling the button moves its menu along, until the button has left the screen.
document.addEventListener("scroll", ({ target }) => {
  if (!open || !target.contains(open.opener) || open.menu.contains(target)) return;
  const { top, bottom } = open.opener.getBoundingClientRect();
  if (bottom < 0 || top > innerHeight) close();
  else put(open.menu, open.opener);
}, true);
