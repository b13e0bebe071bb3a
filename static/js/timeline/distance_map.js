// The distances between states as a picture, one field a pair: the pointer or the arrow keys read a
// field, a click or Enter opens the turn of its row.
import { paint, ramp } from "../shared/colour_ramp.js";
import { number } from "../shared/line_chart.js";
import { savePicture } from "../shared/save_file.js";
import { say } from "../shared/strings.js";

const FIELD = 12; // px of a field in the saved picture, at most
const element = (id) => document.getElementById(id);

export class DistanceMap {
  // open(turn): called with the row's turn
  constructor(box, readout, open) {
    Object.assign(this, { box, readout, open, row: 0, column: 0 });
    this.canvas = box.querySelector("canvas");
    this.mark = box.querySelector("i");
    box.addEventListener("pointermove", (event) => event.pointerType !== "touch" && this.#at(event));
    box.addEventListener("click", (event) => {
      const before = `${this.row} ${this.column}`;
      this.#at(event);
      // A finger can't point first: its first tap reads the field, the next one opens the turn.
      if (event.pointerType === "touch" && before !== `${this.row} ${this.column}`) return;
      this.open(this.states[this.row].turn);
    });
    box.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.states && this.#place()).observe(box);
  }

  show(distances, states, { layer, hue }) {
    Object.assign(this, { distances, states, layer });
    const count = states.length;
    this.top = Math.max(1e-9, ...distances.map((row) => Math.max(...row)));
    this.lut = ramp(`--gate-${hue}`, false);
    paint(this.canvas, count, count, this.lut, false, this.top, (x, y) => distances[y][x]);
    this.box.setAttribute("aria-label", say("matrixLabel", { layer: layer + 1 }));
    element("scale-low").textContent = say("scaleLow");
    element("scale-high").textContent = say("scaleHigh", { top: number(this.top) });
    paint(element("scale"), 256, 1, this.lut, false, 255, (x) => x);
    if (this.row >= count || !this.seen) [this.row, this.column] = [count - 1, 0];
    this.seen = true;
    this.#place();
  }

  #place() {
    this.#move();
    this.#ticks(element("row-ticks"), "top", 20);
    this.#ticks(element("column-ticks"), "left", 28);
  }

  // The turns' numbers beside the fields, as many as have so much room (px) each.
  #ticks(box, side, room) {
    const field = this.box.clientWidth / this.states.length;
    const every = Math.max(1, Math.ceil(room / field));
    box.replaceChildren(...this.states.flatMap(({ number: turn }, k) => {
      if (k % every) return [];
      const tick = Object.assign(document.createElement("span"), { textContent: turn });
      tick.style[side] = `${(k + 0.5) * field}px`;
      return [tick];
    }));
  }

  #name(k) {
    const { number: turn, label } = this.states[k];
    return k ? say("turnName", { n: turn }) : label;
  }

  #move() {
    const size = this.box.clientWidth / this.states.length;
    Object.assign(this.mark.style, { width: `${size}px`, height: `${size}px`, transform: `translate(${this.column * size}px, ${this.row * size}px)` });
    const text = say("cell", { row: this.#name(this.row), column: this.#name(this.column), value: number(this.distances[this.row][this.column]) });
    this.readout.textContent = text;
    this.box.title = text;
  }

  #at(event) {
    const { left, top, width } = this.canvas.getBoundingClientRect();
    const place = (from) => Math.max(0, Math.min(this.states.length - 1, Math.floor((from / width) * this.states.length)));
    [this.row, this.column] = [place(event.clientY - top), place(event.clientX - left)];
    this.#move();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (event.key === "Enter") this.open(this.states[this.row].turn);
    if (!step) return;
    event.preventDefault();
    const within = (at) => Math.max(0, Math.min(this.states.length - 1, at));
    [this.row, this.column] = [within(this.row + step[0]), within(this.column + step[1])];
    this.#move();
  }

  save(name) {
    const count = this.states.length;
    const field = Math.max(4, Math.min(FIELD * 4, Math.floor(960 / count)));
    const [side, head] = [48, 40];
    const picture = Object.assign(document.createElement("canvas"), { width: side + count * field + 16, height: head + count * field + 40 });
    const pen = picture.getContext("2d");
    const { color, fontFamily } = getComputedStyle(document.body);
    pen.fillStyle = getComputedStyle(document.body).backgroundColor;
    pen.fillRect(0, 0, picture.width, picture.height);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(this.canvas, side, head, count * field, count * field);
    pen.fillStyle = color;
    pen.font = `14px ${fontFamily}`;
    pen.fillText(`${element("distances-head").textContent} · ${say("layer", { n: this.layer + 1 })} · ${say("scaleLow")} – ${say("scaleHigh", { top: number(this.top) })}`, 12, 22, picture.width - 24);
    pen.font = `11px ${fontFamily}`;
    const every = Math.ceil(16 / field);
    this.states.forEach(({ number: turn }, k) => {
      if (k % every) return;
      pen.textAlign = "right";
      pen.fillText(String(turn), side - 6, head + (k + 0.5) * field + 4);
      pen.textAlign = "center";
      pen.fillText(String(turn), side + (k + 0.5) * field, head + count * field + 16);
    });
    pen.fillText(say("xTurn"), side + (count * field) / 2, head + count * field + 32);
    pen.translate(14, head + (count * field) / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText(say("xTurn"), 0, 0);
    savePicture(picture, name);
  }
}
