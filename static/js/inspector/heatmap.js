// The heatmap: one pixel a value, scaled up without smoothing; a mark on one token and one unit,
// a pinned token, a chosen unit. The tokens are the heads of their columns.
// Event "move" (detail: {token, row, chosen}): by the pointer, by arrow keys, by a click.
import { drawMoves } from "./moves.js";
import { elided } from "../shared/graphemes.js";
import { isUpright } from "./token_text.js";

const NARROWEST = 3; // px a token
const WIDEST = 120;
const TALL = 512; // px for all units together, where they fit
const TURNED = 11; // characters of a turned head
const CLOSEST = 11; // px between two heads: where columns are narrower, every n-th token has one
const INSIDE = 8; // px from which on the pin's lines fit into its column
const SMALL = 256; // the same where several maps share the page
const LABEL = 14; // px between the names of two bands of rows
const MOVES = 36; // px that the highest bar over the columns is high

export class Heatmap extends EventTarget {
  constructor(box) {
    super();
    this.box = box;
    this.canvas = box.querySelector("canvas");
    this.heads = box.closest(".pane").querySelector(".heads");
    const part = (name) => box.closest(".pane").querySelector(name);
    [this.bands, this.moves] = [part(".bands"), part(".moves")];
    box.addEventListener("scroll", () => {
      this.heads.scrollLeft = this.moves.scrollLeft = box.scrollLeft;
      this.bands.scrollTop = box.scrollTop;
    });
    const line = (name) => box.querySelector(name);
    [this.split, this.column, this.line] = [line(".split"), line(".column"), line(".row")];
    [this.pinned, this.chosen] = [line(".pinned"), line(".chosen")];
    Object.assign(this, { token: 0, row: 0, pinnedAt: null, chosenAt: null });
    this.canvas.addEventListener("pointermove", (event) => this.#point(event, false));
    this.canvas.addEventListener("click", (event) => this.#point(event, true));
    box.addEventListener("keydown", (event) => this.#key(event));
    this.watcher = new ResizeObserver(() => this.map && this.#size());
    this.watcher.observe(box);
  }

  // map: a GateMap; order: unit numbers, top row first; lut: 256 packed colours
  // texts: the tokens' texts; special: which of them are control tokens
  // bands: [{from, to, label, title}] of rows that belong together
  // moves: {values: how far the memory moved at each token, most: the token of the story, label}, or null
  show({ map, order, split, lut, small, texts, special, bands = [], moves = null }) {
    Object.assign(this, { map, order, splitAt: split, small, texts, special, named: small ? [] : bands, moved: moves });
    const { tokens, units, steps, levels } = map;
    // Where several maps share the page a row is the mean of some neighbours in the order.
    const each = small ? Math.ceil(units / SMALL) : 1;
    const rows = Math.ceil(units / each);
    Object.assign(this.canvas, { width: tokens, height: rows });
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(tokens, rows);
    const out = new Uint32Array(image.data.buffer);
    if (each === 1) plain(out, steps, order, tokens, lut, levels);
    else means(out, steps, order, tokens, lut, levels, each);
    context.putImageData(image, 0, 0);
    this.box.classList.add("drawn");
    this.box.classList.toggle("small", Boolean(small));
    this.#size();
  }

  mark(token, row) {
    this.token = Math.max(0, Math.min(this.map.tokens - 1, token));
    this.row = Math.max(0, Math.min(this.map.units - 1, row));
    this.column.style.transform = `translateX(${this.token * this.wide}px)`;
    this.line.style.transform = `translateY(${this.row * this.high}px)`;
    this.#merge();
  }

  // Where the crosshair is on the pin or on the chosen unit one of the two marks is enough.
  #merge() {
    this.column.hidden = this.token === this.pinnedAt;
    this.line.hidden = this.row === this.chosenAt;
  }

  // null: none
  pin(token, row) {
    this.pinnedAt = token !== null && token < this.map.tokens ? token : null;
    this.chosenAt = row;
    this.pinned.hidden = this.pinnedAt === null;
    this.chosen.hidden = row === null;
    this.pinned.style.transform = `translateX(${(this.pinnedAt ?? 0) * this.wide}px)`;
    this.chosen.style.transform = `translateY(${(row ?? 0) * this.high}px)`;
    this.#merge();
  }

  reveal() {
    const { box, wide, high } = this;
    const keep = (at, size, from, room) => (at < from ? at : at + size > from + room ? at + size - room : from);
    // With room at both sides for the column's head, which is wider than a narrow column.
    const spare = Math.max(0, CLOSEST - wide);
    box.scrollLeft = keep(this.token * wide - spare, wide + 2 * spare, box.scrollLeft, box.clientWidth);
    box.scrollTop = keep(this.row * high, high, box.scrollTop, box.clientHeight);
  }

  remove() {
    this.watcher.disconnect();
  }

  #size() {
    const { tokens, units } = this.map;
    const room = this.box.clientWidth;
    this.wide = Math.max(this.small ? 1 : NARROWEST, Math.min(WIDEST, room / tokens));
    this.high = this.small ? SMALL / units : Math.max(1, Math.floor(TALL / units));
    this.box.classList.toggle("wide", this.wide >= INSIDE);
    const [width, height] = [this.wide * tokens, this.high * units];
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.box.style.height = `${height + 2 + (width > room + 1 ? 16 : 0)}px`; // borders, scroll bar
    for (const bar of [this.column, this.pinned]) bar.style.width = `${Math.max(1, this.wide)}px`;
    for (const bar of [this.line, this.chosen]) bar.style.height = `${Math.max(1, this.high)}px`;
    this.split.hidden = this.splitAt <= 0 || this.splitAt >= tokens; // in another window
    this.split.style.transform = `translateX(${this.splitAt * this.wide}px)`;
    this.#head(width);
    this.#band(height);
    this.#move(width);
    this.mark(this.token, this.row);
    this.pin(this.pinnedAt, this.chosenAt);
  }

  // Horizontal where columns are wide, rotated where they are narrow, thinned out in a long turn.
  #head(width) {
    const place = this.heads.firstElementChild;
    const every = Math.max(1, Math.ceil(CLOSEST / this.wide));
    place.style.width = `${width}px`;
    const turned = this.wide < 56;
    this.heads.classList.toggle("turned", turned);
    this.heads.style.marginRight = `${this.box.offsetWidth - this.box.clientWidth - 1}px`; // a border and a scroll bar
    const last = this.map.tokens - 1;
    const each = every * this.wide;
    // Over its own column, even if the next ones have none, and whole at both ends.
    const left = (token) => Math.max(0, Math.min(width - each, (token + 0.5 - every / 2) * this.wide));
    const list = [];
    for (let token = 0; token <= last; token = token < last ? Math.min(last, token + every) : last + 1) {
      if (token < last && token > 0 && left(token) + each > left(last) + 0.5) continue; // would cover the last one
      const head = document.createElement("span");
      const text = this.texts[token]?.trim() ?? "";
      head.textContent = turned ? elided(text, TURNED) : text; // where they are flat the style elides
      head.classList.toggle("upright", isUpright(head.textContent));
      head.classList.toggle("control", Boolean(this.special?.[token]));
      head.style.left = `${left(token)}px`;
      head.style.width = `${each}px`;
      list.push(head);
    }
    if (!this.split.hidden) {
      const rule = Object.assign(document.createElement("i"), { className: "parts" });
      rule.style.left = `${this.splitAt * this.wide}px`;
      list.push(rule);
    }
    place.replaceChildren(...list);
    this.heads.scrollLeft = this.box.scrollLeft;
  }

  // The names of the bands at the side, and a rule over the map where one begins.
  #band(height) {
    this.bands.hidden = !this.named.length;
    this.box.querySelectorAll(".band").forEach((rule) => rule.remove());
    const place = this.bands.firstElementChild;
    place.style.height = `${height}px`;
    let free = 0; // below the name above
    place.replaceChildren(...this.named.map(({ from, label, title }) => {
      const name = document.createElement("span");
      const top = from * this.high;
      Object.assign(name, { textContent: label, title });
      const at = Math.max(free, Math.min(top, height - LABEL));
      free = at + LABEL;
      name.style.top = `${at}px`;
      if (from > 0) {
        const rule = this.box.firstElementChild.appendChild(document.createElement("i"));
        rule.className = "band";
        rule.style.transform = `translateY(${top}px)`;
      }
      return name;
    }));
    this.bands.scrollTop = this.box.scrollTop;
  }

  // A bar over each column: how far the memory moved there.
  #move(width) {
    this.moves.hidden = !this.moved;
    if (!this.moved) return;
    const { values, most, label } = this.moved;
    const canvas = this.moves.firstElementChild;
    drawMoves(canvas, values, most, width, this.wide, MOVES);
    canvas.setAttribute("aria-label", label);
    this.moves.style.marginRight = this.heads.style.marginRight;
    this.moves.scrollLeft = this.box.scrollLeft;
  }

  #point(event, chosen) {
    if (!this.map) return;
    const place = this.canvas.getBoundingClientRect();
    this.mark(Math.floor((event.clientX - place.left) / this.wide), Math.floor((event.clientY - place.top) / this.high));
    this.#tell(chosen);
  }

  #key(event) {
    if (!this.map || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = event.shiftKey ? 10 : 1;
    const { tokens } = this.map;
    const step = {
      ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by],
      PageUp: [0, -32], PageDown: [0, 32], Home: [-tokens, 0], End: [tokens, 0],
    }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#tell(true);
    }
    if (!step) return;
    event.preventDefault();
    this.mark(this.token + step[0], this.row + step[1]);
    this.reveal();
    this.#tell(false);
  }

  #tell(chosen) {
    this.dispatchEvent(new CustomEvent("move", { detail: { token: this.token, row: this.row, chosen } }));
  }
}

// A row a unit.
function plain(out, steps, order, tokens, lut, levels) {
  let k = 0;
  for (const unit of order) {
    const from = unit * tokens;
    for (let token = 0; token < tokens; token += 1, k += 1) out[k] = lut[levels[steps[from + token]]];
  }
}

// A row is the mean of several neighbours in the order.
function means(out, steps, order, tokens, lut, levels, each) {
  const sums = new Float64Array(tokens);
  for (let first = 0, k = 0; first < order.length; first += each) {
    const group = order.subarray(first, first + each);
    sums.fill(0);
    for (const unit of group) {
      const from = unit * tokens;
      for (let token = 0; token < tokens; token += 1) sums[token] += steps[from + token];
    }
    for (let token = 0; token < tokens; token += 1, k += 1) out[k] = lut[levels[Math.round(sums[token] / group.length)]];
  }
}
