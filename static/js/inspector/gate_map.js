// One gate of one layer over a turn's tokens, unit by unit, in sixteen bits a value, with its
// statistics. Maps: those of one turn, fetched on demand.
import { LAYERS } from "./cell.js";
import { load } from "./safetensors.js";

const STEPS = 65535;
const BINS = 40;
export const TELLING = 12; // units that changed most, of which one is chosen to begin with
const KEPT = 48 << 20; // bytes of one turn's maps that are kept

export const SORTS = ["mean", "index", "variance", "change", "timescale"]; // the first is the default

export class GateMap {
  // steps: [units][tokens]
  constructor(gate, layer, tokens, units, low, high, steps, figures = {}) {
    Object.assign(this, { gate, layer, tokens, units, low, high, steps, figures });
    this.signed = low < 0;
    this.bounded = LAYERS[layer].gates[gate].high !== null; // else it has no bounds to saturate at
  }

  static of({ tensors: { steps, ...rest }, metadata }) {
    const [units, tokens] = steps.shape;
    const figures = Object.fromEntries(Object.entries(rest).map(([name, { values }]) => [name, values]));
    const layer = Number(metadata.layer);
    const { memory } = LAYERS[layer];
    const [before, after] = [figures[`${memory}_before`], figures[`${memory}_after`]];
    figures.change = after.map((value, unit) => Math.abs(value - before[unit]));
    figures.saturation = JSON.parse(metadata.saturation);
    return new GateMap(metadata.gate, layer, tokens, units, Number(metadata.low), Number(metadata.high), steps.values, figures);
  }

  // `other` minus `own`, token by token as far as both go; equal tokens from equal memory give 0.
  static difference(own, other) {
    const tokens = Math.min(own.tokens, other.tokens);
    const gap = new Float32Array(tokens * own.units);
    let top = 0.01;
    for (let unit = 0, k = 0; unit < own.units; unit += 1) {
      for (let token = 0; token < tokens; token += 1, k += 1) {
        gap[k] = other.value(token, unit) - own.value(token, unit);
        if (Math.abs(gap[k]) < 2e-5 * own.high) gap[k] = 0; // half a step of each
        top = Math.max(top, Math.abs(gap[k]));
      }
    }
    const steps = Uint16Array.from(gap, (v) => Math.round(((v / top + 1) / 2) * STEPS));
    return new GateMap(own.gate, own.layer, tokens, own.units, -top, top, steps, own.figures);
  }

  value(token, unit) {
    return this.low + (this.steps[unit * this.tokens + token] / STEPS) * (this.high - this.low);
  }

  // The unit that a row belongs to: a head of a matrix memory has several rows of q, k and v.
  unitOf(row) {
    return Math.floor((row * LAYERS[this.layer].units) / this.units);
  }

  // 0 … 255, for a ramp.
  level(token, unit) {
    return this.steps[unit * this.tokens + token] >> 8;
  }

  write(value) {
    return number(value, this.high > 16 ? 2 : 3);
  }

  // -> {bins: counts from low to high; lowEnd, highEnd: where saturation begins; below, above: shares}
  get histogram() {
    if (this.known) return this.known;
    const bins = new Uint32Array(BINS);
    const [lowEnd, highEnd] = [this.signed ? -0.9 : 0.1, 0.9];
    const [lowStep, highStep] = [lowEnd, highEnd].map((end) => ((end - this.low) / (this.high - this.low)) * STEPS);
    let below = 0;
    let above = 0;
    const { steps } = this;
    for (let k = 0; k < steps.length; k += 1) {
      const step = steps[k];
      bins[(step * BINS) >>> 16] += 1;
      if (step < lowStep) below += 1;
      else if (step > highStep) above += 1;
    }
    const all = this.steps.length;
    this.known = { bins, lowEnd, highEnd, below: below / all, above: above / all };
    return this.known;
  }

  // Unit numbers, top row first: by number, or the largest figure first.
  order(sort) {
    const units = Uint16Array.from({ length: this.units }, (_, unit) => unit);
    const by = this.figures[sort];
    if (!by) return units;
    const figure = by.length === this.units ? (row) => by[row] : (row) => by[this.unitOf(row)];
    return units.sort((a, b) => figure(b) - figure(a) || a - b);
  }

  // The units whose memory changed most.
  mostChanged(count) {
    return [...this.order("change").subarray(0, count)];
  }

  // Of those that changed most, the one whose gate moved most.
  telling() {
    const { variance } = this.figures;
    return this.mostChanged(TELLING).reduce((best, unit) => (variance[unit] > variance[best] ? unit : best));
  }
}

export function number(value, digits = 3) {
  return `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(digits)}`;
}

export class Maps {
  // window: the number of the window of a very long turn, or none
  constructor(turn, window) {
    this.turn = turn;
    this.query = window ? `&window=${window}` : "";
    this.asked = new Map(); // "gate layer" -> a promise of its map, the last used at the end
  }

  async get(gate, layer) {
    const key = `${gate} ${layer}`;
    const map = this.asked.get(key) ?? this.#ask(gate, layer);
    this.asked.delete(key);
    this.asked.set(key, map);
    try {
      return await map;
    } catch (fault) {
      this.asked.delete(key); // the next request retries
      throw fault;
    }
  }

  async #ask(gate, layer) {
    const file = await load(`/turn/${this.turn}/map.safetensors?gate=${gate}&layer=${layer}${this.query}`);
    if (!file) throw new Error("no map");
    const map = GateMap.of(file);
    const room = Math.max(6, Math.floor(KEPT / map.steps.byteLength));
    for (const key of [...this.asked.keys()].slice(0, Math.max(0, this.asked.size - room))) this.asked.delete(key);
    return map;
  }
}
