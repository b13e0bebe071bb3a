// One gate of one layer over a turn's tokens, unit by unit, in sixteen bits a value, with its
// statistics. Maps: those of one turn, fetched on demand.
import { KEEP, LAYERS } from "./cell.js";
import { load } from "./safetensors.js";

const STEPS = 65535;
const BINS = 40;
export const TELLING = 12; // units that changed most, of which one is chosen to begin with
const KEPT = 48 << 20; // bytes of one turn's maps that are kept

export const SORTS = ["mean", "index", "variance", "change", "timescale"];
// How a view opens whose address names no order: by how long a unit keeps what is written to it.
export const OPENING_SORT = KEEP ? "timescale" : "mean";
export const [UNDER, OVER] = [256, 257]; // of a ramp: beyond its scale

export class GateMap {
  // steps: [units][tokens]
  // scale: the |value| at which the colours end; what is beyond it is marked
  constructor(gate, layer, tokens, units, low, high, scale, steps, figures = {}) {
    Object.assign(this, { gate, layer, tokens, units, low, high, scale, steps, figures });
    this.signed = low < 0;
    this.ends = [this.signed ? -scale : low, scale]; // those of the colours
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
    figures.slow = { units: Number(metadata.slow_units), from: Number(metadata.slow_from) };
    const [low, high, scale] = [metadata.low, metadata.high, metadata.scale].map(Number);
    return new GateMap(metadata.gate, layer, tokens, units, low, high, scale, steps.values, figures);
  }

  // `other` minus `own`, token by token as far as both go, or at(token) -> the other's place or null
  // over all of this one's; equal tokens from equal memory give 0, and so do those without a partner.
  static difference(own, other, at = null) {
    const tokens = at ? own.tokens : Math.min(own.tokens, other.tokens);
    const gap = new Float32Array(tokens * own.units);
    let top = 0.01;
    for (let unit = 0, k = 0; unit < own.units; unit += 1) {
      for (let token = 0; token < tokens; token += 1, k += 1) {
        const place = at ? at(token) : token;
        gap[k] = place === null ? 0 : other.value(place, unit) - own.value(token, unit);
        if (Math.abs(gap[k]) < 2e-5 * own.high) gap[k] = 0; // half a step of each
        top = Math.max(top, Math.abs(gap[k]));
      }
    }
    const steps = Uint16Array.from(gap, (v) => Math.round(((v / top + 1) / 2) * STEPS));
    return new GateMap(own.gate, own.layer, tokens, own.units, -top, top, own.bounded ? top : percentile(gap), steps, own.figures);
  }

  value(token, unit) {
    return this.low + (this.steps[unit * this.tokens + token] / STEPS) * (this.high - this.low);
  }

  // The unit that a row belongs to: a head of a matrix memory has several rows of q, k and v.
  unitOf(row) {
    return Math.floor((row * LAYERS[this.layer].units) / this.units);
  }

  // Of each step its place in a ramp: 0 … 255, UNDER or OVER.
  get levels() {
    if (this.placed) return this.placed;
    const [from, to] = this.ends;
    const whole = from === this.low && to === this.high;
    this.placed = Uint16Array.from({ length: STEPS + 1 }, (_, step) => {
      if (whole) return step >> 8;
      const value = this.low + (step / STEPS) * (this.high - this.low);
      const gap = (this.high - this.low) / STEPS; // a step's rounding makes no outlier
      if (value < from - gap) return UNDER;
      if (value > to + gap) return OVER;
      return Math.max(0, Math.min(255, Math.floor(((value - from) / (to - from)) * 256)));
    });
    return this.placed;
  }

  level(token, unit) {
    return this.levels[this.steps[unit * this.tokens + token]];
  }

  write(value) {
    return number(value, this.high > 16 ? 2 : 3);
  }

  // -> {bins: counts between `ends`, the outer ones with what is beyond; lowEnd, highEnd: where
  // saturation begins, or the scale; below, above: shares}
  get histogram() {
    if (this.known) return this.known;
    const bins = new Uint32Array(BINS);
    const [lowEnd, highEnd] = this.bounded ? [this.signed ? -0.9 : 0.1, 0.9] : this.ends;
    const stepOf = (value) => ((value - this.low) / (this.high - this.low)) * STEPS;
    const [lowStep, highStep] = [stepOf(lowEnd) - Number(!this.bounded), stepOf(highEnd) + Number(!this.bounded)];
    const [first, last] = this.ends.map(stepOf);
    const perStep = BINS / (last - first + 1);
    let below = 0;
    let above = 0;
    const { steps } = this;
    for (let k = 0; k < steps.length; k += 1) {
      const step = steps[k];
      bins[Math.max(0, Math.min(BINS - 1, Math.floor((step - first) * perStep)))] += 1;
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

// The smallest magnitude that 99 of 100 values don't exceed (core/inspection/robust_scale.py).
function percentile(values) {
  const sorted = Float32Array.from(values, Math.abs).sort();
  return Math.max(0.01, sorted[Math.ceil(0.99 * sorted.length) - 1]);
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
