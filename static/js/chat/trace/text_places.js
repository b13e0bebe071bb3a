// Where the characters of a text stand on the page. A message is one text node; a reply may be drawn as
// Markdown, which leaves out its signs: its characters are then found in the text one after another.
// What isn't found has no place, and is shown in the list alone.
const WIDEST = 400; // characters that Markdown may leave out at once: the address of a link

function nodesIn(box) {
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest("button")) nodes.push(walker.currentNode);
  return nodes;
}

export class Places {
  // box: the element; text: what it shows.
  constructor(box, text) {
    this.nodes = nodesIn(box);
    this.text = text;
    this.at = new Array(text.length); // of each character of the text [node, offset], where it has a place
    this.back = new Map(); // node -> the places in the text of its characters
    let from = 0;
    for (const node of this.nodes) {
      const { data } = node;
      const places = new Array(data.length);
      for (let k = 0; k < data.length; k += 1) {
        const blank = /\s/.test(data[k]);
        const found = blank ? (/\s/.test(text[from] ?? "") ? from : -1) : text.indexOf(data[k], from);
        if (found < 0 || found - from > WIDEST) continue;
        this.at[found] = [node, k];
        places[k] = found;
        from = found + 1;
      }
      this.back.set(node, places);
    }
  }

  // A range over the characters from start to stop; null where one of their letters has no place.
  range(start, stop) {
    let [first, last] = [null, null];
    for (let k = start; k < stop; k += 1) {
      if (this.at[k]) {
        first ??= this.at[k];
        last = this.at[k];
      } else if (/[\p{L}\p{N}]/u.test(this.text[k])) return null;
    }
    if (!first) return null;
    const range = document.createRange();
    range.setStart(...first);
    range.setEnd(last[0], last[1] + 1);
    return range;
  }

  // The place in the text of what stands at a point of the window; null where nothing does.
  offset(x, y) {
    const caret = document.caretPositionFromPoint?.(x, y);
    const old = caret ? null : document.caretRangeFromPoint?.(x, y);
    const [node, at] = caret ? [caret.offsetNode, caret.offset] : [old?.startContainer, old?.startOffset];
    const places = this.back.get(node);
    if (!places) return null;
    // A caret stands between two characters: the point is on one of them.
    for (const k of [at, at - 1]) {
      if (places[k] === undefined) continue;
      const range = document.createRange();
      range.setStart(node, k);
      range.setEnd(node, k + 1);
      for (const box of range.getClientRects()) {
        if (x >= box.left - 1 && x <= box.right + 1 && y >= box.top - 2 && y <= box.bottom + 2) return places[k];
      }
    }
    return null;
  }
}

// The places of a turn's message and of its reply, as they are drawn now.
export const ofMessage = (view) => new Places(view.user, view.user.textContent);
export const ofReply = (view) => new Places(view.markdown.hidden ? view.reply : view.markdown, view.reply.textContent);
