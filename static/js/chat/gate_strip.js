// The strip under a reply: one column a token, a row of bars for each of the cell's strip gates (of
// an LSTM input, forget and output), the mean over units and layers: the lower bound at the foot of
// its row, the upper bound at its top.
import { say } from "../shared/strings.js";
import { colour } from "../shared/colour_ramp.js";

const ROW = 12; // px
const COLUMN = 10;
const { strip: GATES } = JSON.parse(document.getElementById("page").textContent).checkpoint; // [{name, label, hue, low, high}]
const KEY = 16; // px that the letters at the left take

export class Strip {
  constructor(canvas, readout) {
    this.canvas = canvas;
    this.readout = readout;
    this.tokens = []; // {text, means: one a gate}
    this.place = null; // the token of the arrow keys
    canvas.addEventListener("pointermove", (event) => this.#point(event));
    canvas.addEventListener("pointerleave", () => this.#tell(this.tokens[this.place]));
    document.addEventListener("themechange", () => this.draw());
  }

  push(text, gates) {
    this.tokens.push({ text, means: meansOf(gates) });
    this.draw();
  }

  set(list) {
    this.tokens = list.map(({ text, gates }) => ({ text, means: meansOf(gates) }));
    this.draw();
  }

  get columns() {
    const room = this.canvas.closest(".reply")?.clientWidth || 640;
    const each = (room - KEY) / Math.max(1, this.tokens.length);
    // Whole pixels where there is room: else the gaps between the bars would blur.
    return each >= COLUMN ? COLUMN : each >= 2 ? Math.floor(each) : Math.max(0.5, each);
  }

  draw() {
    const { canvas, tokens, columns } = this;
    const ratio = devicePixelRatio || 1;
    const width = Math.ceil(tokens.length * columns);
    canvas.width = Math.max(1, width * ratio);
    canvas.height = ROW * GATES.length * ratio;
    canvas.style.width = `${width}px`;
    const draw = canvas.getContext("2d");
    draw.scale(ratio, ratio);
    const gap = columns >= 3 ? 1 : 0;
    GATES.forEach((gate, row) => {
      draw.fillStyle = `rgb(${colour(`--gate-${gate.hue}`).join()})`;
      tokens.forEach(({ means }, k) => {
        // An exponential gate has no upper bound: its row is full from 1 on.
        const share = Math.min(1, (means[row] - gate.low) / (gate.high - gate.low));
        const height = Math.max(0.5, share * (ROW - 1));
        draw.fillRect(k * columns, (row + 1) * ROW - height, columns - gap, height);
      });
    });
    if (this.place !== null) {
      draw.fillStyle = `rgb(${colour("--text").join()})`;
      draw.fillRect(this.place * columns, 0, Math.max(1, columns - gap), 1);
      draw.fillRect(this.place * columns, ROW * GATES.length - 1, Math.max(1, columns - gap), 1);
    }
    canvas.setAttribute("aria-label", this.summary());
  }

  summary() {
    const mean = (row) => (this.tokens.reduce((sum, token) => sum + token.means[row], 0) / (this.tokens.length || 1)).toFixed(2);
    const gates = GATES.map(({ label }, row) => `${label} ${mean(row)}`).join(say("comma"));
    return say("strip", { n: this.tokens.length, gates });
  }

  // The token under the pointer; its three numbers are shown in one fixed place.
  at(event) {
    const x = event.clientX - this.canvas.getBoundingClientRect().left;
    return Math.max(0, Math.min(this.tokens.length - 1, Math.floor(x / this.columns)));
  }

  // Arrow keys, Home and End move along the strip; Enter is the link's, and opens the gate view.
  key(event) {
    const last = this.tokens.length - 1;
    const from = this.place ?? (event.key === "ArrowLeft" ? last + 1 : -1);
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.place = Math.max(0, Math.min(last, to));
    this.#tell(this.tokens[this.place]);
    this.draw();
  }

  leave() {
    if (this.place === null) return;
    this.place = null;
    this.#tell(null);
    this.draw();
  }

  #point(event) {
    this.#tell(this.tokens[this.at(event)]);
  }

  #tell(token) {
    const gates = token?.means.map((value, row) => `${GATES[row].name} ${value.toFixed(2)}`).join("  ");
    this.readout.textContent = token ? `${JSON.stringify(token.text)}  ${gates}` : "";
  }
}

// Of each layer one mean a gate -> one a gate, over the layers.
function meansOf(gates) {
  return GATES.map((_, k) => gates.reduce((sum, layer) => sum + layer[k], 0) / (gates.length || 1));
}
