// The gate view over the chosen text: one gate of one layer, units by their part of the score.
import { GateMap } from "../inspector/gate_map.js";
import { HUES, LAYERS, MEANINGS, SIGNED } from "../inspector/cell.js";
import { Panes } from "../inspector/panes.js";
import { radios } from "../shared/radio_group.js";
import { ramp } from "../shared/colour_ramp.js";
import { say } from "../shared/strings.js";

const SCORED = "h"; // what the score reads

export class Gates {
  // weights: of the last layer's units in the score, empty without one; tell(sentence): what can't be shown
  constructor(reader, weights, tell) {
    Object.assign(this, { reader, weights, tell, gate: SCORED, layer: LAYERS.length - 1, text: null, maps: new Map() });
    const element = (id) => document.getElementById(id);
    [this.value, this.explain] = [element("value"), element("explain")];
    this.panes = new Panes(element("panes"), element("pane-template"));
    radios(element("gate-tabs"), (gate) => this.#change({ gate }));
    radios(element("layer-tabs"), (layer) => this.#change({ layer: Number(layer) }));
    this.panes.addEventListener("move", ({ detail }) => this.#point(detail));
  }

  async show(read, unit, word) {
    if (this.read !== read) {
      this.maps.clear();
      Object.assign(this, { read, drawn: null });
    }
    Object.assign(this, { unit, word });
    if (this.drawn) this.#pin();
    else await this.#draw();
  }

  #change(what) {
    Object.assign(this, what, { drawn: null });
    if (this.read) this.#draw();
  }

  async #map(gate, layer) {
    const key = `${gate} ${layer}`;
    const { read } = this;
    if (!this.maps.has(key)) this.maps.set(key, this.reader.map(read.text, gate, layer).then(GateMap.of));
    try {
      return await this.maps.get(key);
    } catch (fault) {
      this.maps.delete(key);
      throw fault;
    }
  }

  async #draw() {
    const { gate, layer, read } = this;
    this.explain.textContent = MEANINGS[gate];
    const last = layer === LAYERS.length - 1;
    let map;
    let scored;
    try {
      [map, scored] = await Promise.all([this.#map(gate, layer), last && this.weights.length ? this.#map(SCORED, layer) : null]);
    } catch (fault) {
      this.tell(fault);
      return;
    }
    if (gate !== this.gate || layer !== this.layer || read !== this.read) return;
    const special = read.special ?? read.tokens.map((_, k) => k === 0 || k === read.tokens.length - 1);
    const texts = read.tokens.map((text, k) => (read.special ? text : k === 0 ? say("start") : special[k] ? say("end") : text));
    this.texts = texts;
    this.drawn = map;
    this.panes.show([{
      kind: "own", layer, split: 0, map, lut: ramp(HUES[gate], SIGNED[gate]), texts, special,
      order: scored ? this.#byScore(scored) : map.order("change"), small: false, caption: "",
      label: say("mapLabel", { gate, layer: layer + 1 }), described: read.text,
    }]);
    this.#pin();
  }

  // Unit numbers, the largest part of the final score first.
  #byScore(map) {
    const part = (unit) => Math.abs(this.weights[unit] * map.value(map.tokens - 1, unit));
    return Uint16Array.from({ length: map.units }, (_, unit) => unit).sort((a, b) => part(b) - part(a) || a - b);
  }

  #pin() {
    const { drawn, layer, unit, word, read } = this;
    const token = word === null ? null : (read.words[word]?.stop ?? read.tokens.length - 1); // <|user|> is the first column
    const there = unit !== null && layer === LAYERS.length - 1 ? { layer, unit } : null;
    this.panes.pin(token, there);
    const mark = { layer, unit: there?.unit ?? this.panes.shown[0].order[0], token: token ?? drawn.tokens - 1 };
    this.panes.mark(mark);
    this.#point(mark);
  }

  #point({ token, unit }) {
    const { drawn, gate, layer } = this;
    if (!drawn) return;
    this.panes.mark({ layer, token, unit });
    const word = this.texts[token].trim();
    const text = word && word !== "·" ? word : `#${token + 1}`; // a blank or a mark: by its place
    this.value.textContent = say("at", { gate, value: drawn.write(drawn.value(token, unit)), unit: String(unit), layer: String(layer + 1), token: text });
  }
}
