// The menu of a turn: opens at its "⋯", works by pointer and by keys, and returns the focus.
import { menuKeys } from "../shared/menu_keys.js";
import { put } from "./menu.js";

const template = document.getElementById("turn-menu-template");
let open = null; // {menu, opener}

function close({ focus = false } = {}) {
  if (!open) return;
  const { menu, opener } = open;
  open = null; // first: removing the menu moves the focus, which would close it once more
  opener.setAttribute("aria-expanded", "false");
  if (focus) opener.focus();
  menu.remove();
}

function show(opener) {
  const menu = template.content.firstElementChild.cloneNode(true);
  open = { menu, opener };
  opener.setAttribute("aria-expanded", "true");
  opener.after(menu);
  const { turn } = opener.closest("[data-turn]").dataset;
  for (const link of menu.querySelectorAll("a[data-path]")) link.href = `/turn/${turn}/${link.dataset.path}`;
  // Only a reply with held gates has one without them to be compared with.
  if (!("held" in opener.closest("[data-turn]").dataset)) for (const part of menu.querySelectorAll("[data-act=compare], #says-compare")) part.remove();
  menu.showPopover();
  put(menu, opener);
  menu.querySelector(".item").focus();
}

// act(name, li, opener): an item was chosen.
export function turnMenus(list, act) {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.(".turn .acts");
    if (opener && list.contains(opener)) {
      const again = open?.opener === opener;
      close({ focus: again });
      if (!again) show(opener);
      return;
    }
    if (!open) return;
    const item = open.menu.contains(event.target) && event.target.closest(".item");
    if (item) {
      const chosen = open.opener;
      close({ focus: true });
      if (item.dataset.act) act(item.dataset.act, chosen.closest(".turn"), chosen);
    } else if (!open.menu.contains(event.target)) {
      close();
    }
  });
  document.addEventListener("focusout", ({ target, relatedTarget }) => {
    if (open?.menu.contains(target) && relatedTarget && !open.menu.contains(relatedTarget) && relatedTarget !== open.opener) close();
  });
  window.addEventListener("keydown", (event) => open && menuKeys(event, open.menu, close), true);
  window.addEventListener("resize", () => close());
  document.addEventListener("scroll", ({ target }) => {
    if (open && target.contains(open.opener) && !open.menu.contains(target)) close();
  }, true);
}
