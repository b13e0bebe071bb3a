// A matrix memory after one token: C as a picture for each head, and the tokens that the head read.
import { LAYERS } from "./cell.js";
import { load } from "./safetensors.js";
import { paint, ramp } from "../shared/colour_ramp.js";
import { say } from "../shared/strings.js";

const MOST = 3; // tokens named under each head
const element = (id) => document.getElementById(id);

export class Matrices {
  // window: that of a very long turn, or null
  constructor(turn, window) {
    Object.assign(this, { turn, query: window ? `&window=${window.number}` : "" });
    document.addEventListener("themechange", () => this.file && this.#draw());
  }

  // layer: one with a matrix memory, or null; text(token) -> the token as a node
  async show(layer, token, text) {
    const wanted = (this.wanted = layer === null ? null : `${layer} ${token}`);
    element("matrices").hidden = layer === null;
    if (layer === null || this.drawn === wanted) return;
    try {
      const file = await load(`/turn/${this.turn}/matrix.safetensors?layer=${layer}&token=${token}${this.query}`);
      if (!file) throw new Error("no matrix");
      if (this.wanted !== wanted) return; // a newer one overtook this
      Object.assign(this, { file, drawn: wanted, text });
      element("matrix-at").replaceChildren(say("layer", { n: layer + 1 }), " · ", text(token));
      this.hue = `--gate-${LAYERS[layer].gates[LAYERS[layer].memory].hue}`;
      this.#draw();
    } catch {
      if (this.wanted === wanted) element("matrix-heads").replaceChildren(say("failedPart"));
    }
  }

  #draw() {
    const { matrix: { shape: [heads, keys, values], values: all }, read_out: { values: weights } } = this.file.tensors;
    const tokens = weights.length / heads;
    const lut = ramp(this.hue, true);
    const sizes = Float32Array.from(all, Math.abs).sort();
    const scale = Math.max(1e-3, sizes[Math.ceil(0.99 * sizes.length) - 1]); // robust_scale.py
    element("matrix-heads").replaceChildren(...Array.from({ length: heads }, (_, head) => {
      const figure = document.createElement("figure");
      const canvas = figure.appendChild(document.createElement("canvas"));
      Object.assign(canvas, { width: values, height: keys });
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", say("matrix", { head: head + 1, keys, values }));
      paint(canvas, values, keys, lut, true, scale, (x, y) => all[(head * keys + y) * values + x]);
      const own = weights.subarray(head * tokens, (head + 1) * tokens);
      const most = [...own.keys()].sort((a, b) => Math.abs(own[b]) - Math.abs(own[a])).slice(0, MOST);
      const caption = figure.appendChild(document.createElement("figcaption"));
      caption.className = "small";
      caption.append(say("head", { n: head + 1 }));
      for (const t of most) {
        const line = caption.appendChild(document.createElement("span"));
        line.className = "read";
        line.append(this.text(t), ` ${own[t] < 0 ? "−" : ""}${Math.abs(own[t]).toFixed(2)}`);
      }
      return figure;
    }));
  }
}
