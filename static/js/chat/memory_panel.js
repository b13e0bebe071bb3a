// The memory panel: reads the head's stored state and shows it, number by number; clears it and
// undoes that. memory_history.js shows where the numbers came from, turn by turn.
import { Course } from "./memory_history.js";
import { load } from "../inspector/safetensors.js";
import { grouped } from "../shared/numbers.js";
import { colour, paint, ramp } from "../shared/colour_ramp.js";
import { say } from "../shared/strings.js";

const element = (id) => document.getElementById(id);
const states = new Map(); // turn id -> promise of {parts: {name: [layers][units]}, tokens}

function stateOf(turn, parts) {
  if (!states.has(turn)) {
    const url = `/turn/${turn}/state.safetensors`;
    states.set(turn, load(url).then((file) => file && {
      parts: Object.fromEntries(parts.map((part) => [part, layersOf(file.tensors, part)])),
      tokens: file.metadata.tokens_seen,
    }));
    states.get(turn).catch(() => states.delete(turn));
  }
  return states.get(turn);
}

// A part's values by layer: one tensor of all layers, or one for each layer that has it (`h.0`, …).
function layersOf(tensors, part) {
  if (tensors[part]) {
    const { shape: [layers], values } = tensors[part];
    const units = values.length / layers;
    return Array.from({ length: layers }, (_, k) => values.subarray(k * units, (k + 1) * units));
  }
  const layers = [];
  for (const name of Object.keys(tensors).filter((one) => one.startsWith(`${part}.`))) layers[Number(name.split(".").at(-1))] = tensors[name].values;
  return layers;
}

const norm = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
const distance = (a, b) => norm(a.map((value, k) => value - b[k]));

// The 99th percentile of the values' sizes over all layers.
function percentile(layers) {
  const sizes = Float32Array.from(layers.flatMap((values) => Array.from(values, Math.abs))).sort();
  return sizes[Math.floor(0.99 * (sizes.length - 1))];
}

// Draws the cells beyond the scale in the colour of text; returns how many there are.
function mark(canvas, values, block, scale) {
  const { height } = canvas;
  const context = canvas.getContext("2d");
  context.fillStyle = css(colour("--text"));
  let count = 0;
  values.forEach((value, unit) => {
    if (Math.abs(value) <= scale) return;
    const row = Math.floor(unit / block); // of all matrices one under the other
    context.fillRect(Math.floor(row / height) * block + (unit % block), row % height, 1, 1);
    count += 1;
  });
  return count;
}

const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

export class Memory {
  constructor(checkpoint) {
    this.checkpoint = checkpoint;
    const { chat } = JSON.parse(element("page").textContent);
    this.course = new Course(chat, checkpoint);
    this.back = null; // the target of the undo after a blank: {turn: the head before it, turns}
    document.addEventListener("themechange", () => this.#draw());
    element("copy-hash").addEventListener("click", () => this.#copy());
    element("memory-blank").addEventListener("click", () => {
      const turn = this.head ? null : this.back?.turn;
      document.dispatchEvent(new CustomEvent("chat:goto", { detail: { turn } }));
    });
  }

  // head: the turn whose state is the chat's memory (null: blank); turns: its depth.
  async show({ head, parent, hash, turns, back = null }) {
    const wanted = (this.wanted = Symbol());
    Object.assign(this, { head, turns, back });
    this.#blank();
    this.course.show(head).catch(() => {}); // the charts keep what they showed
    const { state_parts: shapes, pictures } = this.checkpoint;
    const parts = Object.keys(shapes);
    const [state, before] = await Promise.all([head ? stateOf(head, parts) : null, parent ? stateOf(parent, parts) : null]);
    if (wanted !== this.wanted) return; // a newer request overtook this
    const zeros = (part) => pictures.map((picture) => picture.parts.includes(part) && new Float32Array(shapes[part].reduce((a, b) => a * b, 1)));
    const blank = Object.fromEntries(parts.map((part) => [part, zeros(part)]));
    this.state = state ?? { parts: blank, tokens: "0" };
    this.before = before ?? { parts: blank };
    this.memory = pictures.map(({ part }, k) => this.state.parts[part][k]);
    this.hash = hash;
    element("memory-turns").textContent = grouped(turns);
    element("memory-tokens").textContent = this.state.tokens === undefined ? "–" : grouped(this.state.tokens);
    element("memory-hash").textContent = hash ? hash.slice(0, 12) : say("blank");
    element("memory-hash").title = hash ?? "";
    element("copy-hash").hidden = !hash;
    const file = element("memory-file");
    file.hidden = !head;
    if (head) file.href = `/turn/${head}/state.safetensors`;
    this.#norms();
    this.#draw();
  }

  // busy: a reply is awaited, so a memory that is still blank is about to change; stuck: the server
  // would refuse to change it.
  showBusy(busy, stuck) {
    Object.assign(this, { busy, stuck });
    if (this.head !== undefined) this.#blank();
  }

  #blank() {
    const button = element("memory-blank");
    const { back } = this;
    button.disabled = this.stuck || (!this.head && !back);
    button.textContent = say(back ? "unblank" : "blankMemory");
    const shown = back ? "unblankNote" : this.head ? "blankNote" : this.busy ? "firstReply" : "blankAlready";
    for (const note of element("memory-blank-note").children) {
      note.classList.toggle("now", note.dataset.note === shown);
      if (back && note.dataset.note === shown) note.textContent = say(shown, { n: back.turns });
    }
  }

  #norms() {
    const { pictures, parts } = this.checkpoint;
    this.memory.forEach((values, k) => {
      const own = parts.map(({ name }) => this.state.parts[name][k] && norm(this.state.parts[name][k]));
      const numbers = [...own, distance(values, this.before.parts[pictures[k].part][k])];
      const { cells } = element("norms").rows[k];
      numbers.forEach((value, column) => (cells[column + 1].querySelector("span").textContent = value?.toFixed(2) ?? "–"));
    });
  }

  #draw() {
    if (!this.state) return;
    const lut = ramp(`--gate-${this.checkpoint.memory_hue}`, true);
    // One scale for all layers, with a range of at least half a unit. Values beyond the 99th percentile
    // don't stretch it: they are marked.
    const scale = Math.max(0.5, percentile(this.memory));
    let beyond = 0;
    this.memory.forEach((values, k) => {
      const canvas = element("cells").children[k]; // sized by the server, so that nothing moves
      const { width, height } = canvas;
      const { part, block } = this.checkpoint.pictures[k]; // of a matrix memory the heads side by side
      paint(canvas, width, height, lut, true, scale, (x, y) => values[(Math.floor(x / block) * height + y) * block + (x % block)] ?? 0);
      beyond += mark(canvas, values, block, scale);
      canvas.setAttribute("aria-label", say("layerNorm", { n: k + 1, part, norm: norm(values).toFixed(2) }));
    });
    const bar = document.createElement("canvas");
    paint(bar, 64, 1, lut, true, 1, (x) => (x / 63) * 2 - 1);
    element("cells-scale").replaceChildren(`−${scale.toFixed(1)}`, bar, `+${scale.toFixed(1)}`);
    element("cells-beyond").textContent = beyond ? say("cellsBeyond", { n: beyond }) : "";
  }

  async #copy() {
    await navigator.clipboard.writeText(this.hash);
    const button = element("copy-hash");
    button.textContent = say("copied");
    setTimeout(() => (button.textContent = say("copy")), 1500);
  }
}
