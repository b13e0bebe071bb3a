// The swap of live parts: an element that is also in the new markup stays in the page, so that a press on a
// button isn't lost to an update. An htmx extension: hx-ext="patch" hx-swap="patch".
const alike = (old, node) => ["nodeName", "id", "dateTime"].every((key) => old[key] === node[key]);

function update(old, node) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== node.nodeValue) old.nodeValue = node.nodeValue;
    return;
  }
  if (old.localName === "time") return; // shared/times.js has put it on the reader's clock
  for (const { name } of [...old.attributes]) if (!node.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of node.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  patch(old, node);
}

function patch(target, source) {
  let old = target.firstChild; // everything before it is up to date
  for (const node of [...source.childNodes]) {
    // A row with an id may have moved, and keeps its checkbox.
    const known = node.id ? [...target.children].find((child) => alike(child, node)) : old && alike(old, node) ? old : null;
    const kept = known ?? node;
    if (kept !== old) target.insertBefore(kept, old);
    if (known) update(known, node);
    old = kept.nextSibling;
  }
  while (old) {
    const next = old.nextSibling;
    old.remove();
    old = next;
  }
}

htmx.defineExtension("patch", {
  handleSwap(style, target, fragment) {
    if (style !== "patch") return false;
    patch(target, fragment);
    return [...target.children];
  },
});
