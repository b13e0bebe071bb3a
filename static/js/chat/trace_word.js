// A plain click on a word of a reply, without a selection, traces it; so does the button under the
// reply, which lets the keyboard choose the word. The word under the pointer is underlined.
const WORD = /[^\s\p{P}]+(?:[’'_-][^\s\p{P}]+)*/gu;
const hovers = matchMedia("(hover: hover)").matches && Boolean(globalThis.CSS?.highlights);

// Returns (view, offset) -> a promise of what was found of the word there, null where that failed.
export function traceWords(chat, list) {
  let trace = null; // loaded with the first traced word
  const loaded = () => (trace ??= import("./trace/trace.js").then(({ Trace }) => new Trace(chat)));
  const viewAt = (node) => chat.views.find((view) => view.li.contains(node));
  const open = async (view, offset) => {
    await (await loaded()).open(view, offset, view.li.querySelector(".trace-open"));
    return (await loaded()).found;
  };
  const isWord = (target) => target.closest?.(".reply :is(.text, .markdown)") && !target.closest("a, button, summary");

  list.addEventListener("click", async (event) => {
    const view = viewAt(event.target);
    if (!view?.kept || !view.id) return;
    const button = event.target.closest("button.trace-open");
    if (button) return (await loaded()).open(view, null, button);
    if (event.detail > 1 || !getSelection().isCollapsed || !isWord(event.target)) return;
    const { ofReply } = await import("./trace/text_places.js");
    const offset = ofReply(view).offset(event.clientX, event.clientY);
    if (offset !== null) await open(view, offset);
  });

  if (!hovers) return open;
  let frame = 0;
  const under = (x, y) => {
    frame = 0;
    const caret = document.caretPositionFromPoint?.(x, y);
    const node = caret?.offsetNode;
    CSS.highlights.delete("traceable");
    if (node?.nodeType !== Node.TEXT_NODE || !isWord(node.parentElement) || !viewAt(node)?.kept) return;
    for (const { index, 0: word } of node.data.matchAll(WORD)) {
      if (caret.offset < index || caret.offset > index + word.length) continue;
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const there = [...range.getClientRects()].some((box) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom);
      if (there) CSS.highlights.set("traceable", new Highlight(range));
      return;
    }
  };
  list.addEventListener("pointermove", ({ clientX, clientY }) => {
    frame ||= requestAnimationFrame(() => under(clientX, clientY));
  });
  list.addEventListener("pointerleave", () => CSS.highlights.delete("traceable"));
  return open;
}
