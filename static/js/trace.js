// A turn's trace in memory: i f g o c h as [tokens][layers][units], and what can be asked of it.
export const SIGNED = { i: false, f: false, o: false, g: true, c: true, h: true };

export class Trace {
  constructor({ tensors }) {
    this.tensors = tensors;
    [this.tokens, this.layers, this.units] = tensors.i.shape;
    this.known = new Map(); // "gate layer" -> figures, each worked out once
  }

  value(gate, layer, token, unit) {
    return this.tensors[gate].values[(token * this.layers + layer) * this.units + unit];
  }

  // One token's row of units, as a view.
  row(gate, layer, token) {
    const from = (token * this.layers + layer) * this.units;
    return this.tensors[gate].values.subarray(from, from + this.units);
  }

  // -> {mean, variance: a unit each; scale: largest |value|, 1 for gates; bins; below, above}
  figures(gate, layer) {
    const key = `${gate} ${layer}`;
    if (!this.known.has(key)) this.known.set(key, this.#figures(gate, layer));
    return this.known.get(key);
  }

  #figures(gate, layer) {
    const { tokens, units } = this;
    const mean = new Float32Array(units);
    const square = new Float32Array(units);
    let top = 0;
    for (let t = 0; t < tokens; t += 1) {
      const row = this.row(gate, layer, t);
      for (let u = 0; u < units; u += 1) {
        const v = row[u];
        mean[u] += v;
        square[u] += v * v;
        if (v > top) top = v;
        else if (-v > top) top = -v;
      }
    }
    const variance = square.map((sum, u) => sum / tokens - (mean[u] / tokens) ** 2);
    mean.forEach((sum, u) => (mean[u] = sum / tokens));
    const scale = gate === "c" ? Math.max(top, 0.1) : 1;
    return { mean, variance, scale, ...this.#histogram(gate, layer, scale) };
  }

  #histogram(gate, layer, scale) {
    const BINS = 40;
    const bins = new Uint32Array(BINS);
    const low = SIGNED[gate] ? -scale : 0;
    const edgeLow = SIGNED[gate] ? -0.9 : 0.1;
    let below = 0;
    let above = 0;
    for (let t = 0; t < this.tokens; t += 1) {
      for (const v of this.row(gate, layer, t)) {
        bins[Math.max(0, Math.min(BINS - 1, Math.floor(((v - low) / (scale - low)) * BINS)))] += 1;
        if (v < edgeLow) below += 1;
        else if (v > 0.9) above += 1;
      }
    }
    const all = this.tokens * this.units;
    return { bins, low, edgeLow, below: below / all, above: above / all };
  }

  // Unit numbers, top row first.
  order(gate, layer, sort) {
    const units = Uint16Array.from({ length: this.units }, (_, u) => u);
    if (sort === "index") return units;
    const by = this.figures(gate, layer)[sort];
    return units.sort((a, b) => by[b] - by[a]);
  }

  // The units whose cell ended farthest from where it began.
  mostChanged(layer, count) {
    const start = this.tensors.c0.values.subarray(layer * this.units, (layer + 1) * this.units);
    const end = this.row("c", layer, this.tokens - 1);
    const units = [...start.keys()].sort((a, b) => Math.abs(end[b] - start[b]) - Math.abs(end[a] - start[a]));
    return units.slice(0, count).map((unit) => {
      let at = 0;
      let most = -1;
      for (let t = 0, last = start[unit]; t < this.tokens; t += 1) {
        const now = this.value("c", layer, t, unit);
        if (Math.abs(now - last) > most) [most, at] = [Math.abs(now - last), t];
        last = now;
      }
      const mean = (gate) => this.figures(gate, layer).mean[unit];
      return { unit, before: start[unit], after: end[unit], i: mean("i"), f: mean("f"), at };
    });
  }
}
