// Thin lines in the chat from a traced word to the words that it was read from, and marks on all of
// them. An SVG over the messages that takes no room and no clicks; the marks are the browser's own
// highlights, which leave the text as it is.
const SVG = "http://www.w3.org/2000/svg";
const MOST = 5;
const scroller = document.getElementById("scroller");

function shape(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
}

export class Lines {
  constructor() {
    this.svg = shape("svg", { class: "trace-lines", "aria-hidden": "true" }, scroller);
    this.drawn = null;
    const again = () => this.drawn && this.#draw();
    this.watcher = new ResizeObserver(again);
    this.watcher.observe(document.getElementById("turns"));
    this.watcher.observe(scroller);
  }

  // target: a Range; sources: [{range, share: text, weight: 0 to 1, against}], strongest first, those without a range skipped.
  show(target, sources) {
    this.drawn = { target, sources: sources.filter(({ range }) => range).slice(0, MOST) };
    if (globalThis.CSS?.highlights) {
      CSS.highlights.set("traced", new Highlight(...(target ? [target] : [])));
      for (let k = 0; k < MOST; k += 1) {
        const source = this.drawn.sources[k];
        CSS.highlights.set(`source-${k + 1}`, new Highlight(...(source ? [source.range] : [])));
      }
    }
    this.#draw();
  }

  clear() {
    this.drawn = null;
    this.svg.replaceChildren();
    this.svg.setAttribute("height", 0);
    if (!globalThis.CSS?.highlights) return;
    for (const name of ["traced", ...Array.from({ length: MOST }, (_, k) => `source-${k + 1}`)]) CSS.highlights.delete(name);
  }

  // In the scroller's own coordinates, so that the lines scroll with the text.
  #box(range) {
    const box = range.getClientRects()[0];
    if (!box) return null;
    const outer = scroller.getBoundingClientRect();
    const [left, top] = [box.left - outer.left + scroller.scrollLeft, box.top - outer.top + scroller.scrollTop];
    return { left, top, right: left + box.width, bottom: top + box.height, middle: left + box.width / 2 };
  }

  #draw() {
    const { svg, drawn: { target, sources } } = this;
    svg.replaceChildren();
    const end = target && this.#box(target);
    const turns = document.getElementById("turns");
    svg.setAttribute("width", scroller.clientWidth);
    svg.setAttribute("height", turns.offsetTop + turns.offsetHeight);
    if (!end) return;
    for (const [k, { range, share, against, weight }] of sources.entries()) {
      const from = this.#box(range);
      if (!from) continue;
      const group = shape("g", { class: against ? "against" : "", "data-rank": k + 1 }, svg);
      if (!globalThis.CSS?.highlights) shape("rect", { x: from.left, y: from.top, width: from.right - from.left, height: from.bottom - from.top, rx: 3 }, group);
      shape("path", { d: path(from, end), opacity: 0.25 + 0.75 * weight }, group);
      shape("circle", { cx: from.middle, cy: from.bottom + 1, r: 2 }, group);
      // Over its word, in the gap between the lines.
      const near = Math.abs(from.top - end.top) < 4;
      const at = near ? { x: from.middle, y: from.top - 11, "text-anchor": "middle" } : { x: from.right + 2, y: from.top + 3 };
      const label = shape("text", at, group);
      label.textContent = share;
    }
    shape("circle", { class: "end", cx: end.middle, cy: end.top - 1, r: 2.5 }, svg);
  }
}

// From below the source to above the word; an arc over the line where both stand on one.
function path(from, to) {
  const [x0, x1, y1] = [from.middle, to.middle, to.top - 1];
  if (to.top - from.bottom < 4) {
    const top = Math.min(from.top, to.top);
    return `M${x0} ${from.top}C${x0} ${top - 14} ${x1} ${top - 14} ${x1} ${y1}`;
  }
  const y0 = from.bottom + 1;
  const bend = Math.min(80, Math.max(12, (y1 - y0) / 2));
  return `M${x0} ${y0}C${x0} ${y0 + bend} ${x1} ${y1 - bend} ${x1} ${y1}`;
}
