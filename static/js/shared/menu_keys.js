// The keys of an open menu: arrows, Home and End walk its items, Escape closes it; no other listener
// gets them.
export function menuKeys(event, menu, close) {
  const items = [...menu.querySelectorAll(".item")];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0, End: items.length - 1 }[event.key];
  if (event.key === "Escape") close({ focus: true });
  else if (to !== undefined) items[to].focus();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}
