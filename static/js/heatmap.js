// The heatmap: one pixel a value, scaled up without smoothing; a mark on one token and one unit.
// Event "move" (detail: {token, row, chosen}): by the pointer, by arrow keys, by a click.
import { paint } from "./ramp.js";

const NARROWEST = 3; // px a token
const WIDEST = 56;
const TALL = 560; // px that all units together take, where they fit

export class Heatmap extends EventTarget {
  constructor(box) {
    super();
    this.box = box;
    this.canvas = box.querySelector("canvas");
    [this.split, this.column, this.line] = [".split", ".column", ".row"].map((name) => box.querySelector(name));
    this.token = 0;
    this.row = 0;
    this.canvas.addEventListener("pointermove", (event) => this.#point(event, false));
    this.canvas.addEventListener("click", (event) => this.#point(event, true));
    box.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.tokens && this.#size()).observe(box);
  }

  // at(token, row) -> value
  show({ tokens, units, split, lut, signed, scale, at }) {
    Object.assign(this, { tokens, units, splitAt: split });
    paint(this.canvas, tokens, units, lut, signed, scale, at);
    this.box.classList.add("drawn");
    this.#size();
  }

  mark(token, row) {
    this.token = Math.max(0, Math.min(this.tokens - 1, token));
    this.row = Math.max(0, Math.min(this.units - 1, row));
    const { wide, high } = this;
    this.column.style.transform = `translateX(${this.token * wide}px)`;
    this.line.style.transform = `translateY(${this.row * high}px)`;
  }

  #size() {
    const room = this.box.clientWidth;
    this.wide = Math.max(NARROWEST, Math.min(WIDEST, room / this.tokens));
    this.high = Math.max(1, Math.floor(TALL / this.units));
    this.canvas.style.width = `${this.wide * this.tokens}px`;
    this.canvas.style.height = `${this.high * this.units}px`;
    this.box.style.height = `${this.high * this.units + 2 + (this.wide * this.tokens > room ? 16 : 0)}px`; // borders, scroll bar
    this.column.style.width = `${this.wide}px`;
    this.line.style.height = `${this.high}px`;
    this.split.style.transform = `translateX(${this.splitAt * this.wide}px)`;
    this.mark(this.token, this.row);
  }

  #point(event, chosen) {
    if (!this.tokens) return;
    const place = this.canvas.getBoundingClientRect();
    this.mark(Math.floor((event.clientX - place.left) / this.wide), Math.floor((event.clientY - place.top) / this.high));
    this.#tell(chosen);
  }

  #key(event) {
    if (!this.tokens || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = event.shiftKey ? 10 : 1;
    const step = {
      ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by],
      PageUp: [0, -32], PageDown: [0, 32], Home: [-this.tokens, 0], End: [this.tokens, 0],
    }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#tell(true);
    }
    if (!step) return;
    event.preventDefault();
    this.mark(this.token + step[0], this.row + step[1]);
    this.#reveal();
    this.#tell(false);
  }

  #reveal() {
    const { box, wide, high } = this;
    const keep = (at, size, from, room) => (at < from ? at : at + size > from + room ? at + size - room : from);
    box.scrollLeft = keep(this.token * wide, wide, box.scrollLeft, box.clientWidth);
    box.scrollTop = keep(this.row * high, high, box.scrollTop, box.clientHeight);
  }

  #tell(chosen) {
    this.dispatchEvent(new CustomEvent("move", { detail: { token: this.token, row: this.row, chosen } }));
  }
}
