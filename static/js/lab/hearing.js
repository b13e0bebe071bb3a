// What was heard, along time: the spectrogram, how sure a word is, the gates' means, the words above.
import { paint, ramp } from "../shared/colour_ramp.js";
import { HUES } from "../inspector/cell.js";

const FRAME = 3; // pixels of one frame
const MOST = 1600; // frames

export class Hearing extends EventTarget {
  // page: {bands, strip: [gate, …], layers, rate: frames a second}
  constructor(element, page) {
    super();
    this.page = page;
    this.scroll = element("hearing");
    this.track = element("hearing-track");
    this.canvases = { loud: element("loud"), word: element("sure"), gates: element("strip") };
    this.words = element("hearing-words");
    this.ticks = element("hearing-ticks");
    this.template = element("heard-word-template");
    this.clear();
    document.addEventListener("themechange", () => this.draw());
    this.track.addEventListener("click", ({ clientX }) => {
      const frame = Math.floor((clientX - this.track.getBoundingClientRect().left) / FRAME);
      if (frame >= 0 && frame < this.frames) this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
    });
  }

  clear() {
    const { bands, layers, strip } = this.page;
    Object.assign(this, { frames: 0, loud: new Uint8Array(MOST * bands), sure: new Float32Array(MOST), gates: new Float32Array(MOST * layers * strip.length) });
    this.words.replaceChildren();
    this.ticks.replaceChildren();
    this.mark(null);
    this.draw();
  }

  push({ first, frames, loud, word, gates, words }) {
    const { bands, layers, strip } = this.page;
    const bytes = Uint8Array.from(atob(loud), (c) => c.charCodeAt(0));
    this.loud.set(bytes.subarray(0, (MOST - first) * bands), first * bands);
    word.slice(0, MOST - first).forEach((share, k) => { this.sure[first + k] = share; });
    gates.slice(0, MOST - first).forEach((frame, k) => frame.forEach((layer, l) => layer.forEach((mean, g) => {
      this.gates[(first + k) * layers * strip.length + l * strip.length + g] = mean;
    })));
    this.frames = Math.min(MOST, first + frames);
    words.forEach((one) => this.#word(one));
    this.draw();
    this.scroll.scrollLeft = this.scroll.scrollWidth;
  }

  #word({ word, frame }) {
    const button = this.template.content.firstElementChild.cloneNode(true);
    button.textContent = word;
    button.style.setProperty("--at", `${frame * FRAME}px`);
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
    });
    this.words.append(button);
  }

  mark(frame) {
    this.track.style.setProperty("--mark", frame === null ? "-10px" : `${frame * FRAME + 1}px`);
  }

  draw() {
    const { bands, layers, strip, rate } = this.page;
    const { frames } = this;
    const width = Math.max(1, frames);
    this.track.style.setProperty("--frames", `${frames * FRAME}px`);
    const { loud, word, gates } = this.canvases;
    paint(loud, width, bands, ramp("--text", false, { from: "--ground" }), false, 255, (x, y) => this.loud[x * bands + bands - 1 - y]);
    paint(word, width, 1, ramp("--accent", false), false, 1, (x) => this.sure[x]);
    const rows = layers * strip.length;
    const ramps = strip.map((gate) => ramp(HUES[gate], false));
    this.#strip(gates, width, rows, ramps);
    for (let second = this.ticks.children.length; second * rate < frames; second += 1) {
      const tick = document.createElement("span");
      tick.textContent = `${second} s`;
      tick.style.setProperty("--at", `${second * rate * FRAME}px`);
      this.ticks.append(tick);
    }
  }

  // Row by row, each in its gate's colours: layer 1's gates, then layer 2's.
  #strip(canvas, width, rows, ramps) {
    canvas.width = width;
    canvas.height = rows;
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, rows);
    const out = new Uint32Array(image.data.buffer);
    for (let y = 0, k = 0; y < rows; y += 1) {
      for (let x = 0; x < width; x += 1, k += 1) out[k] = ramps[y % ramps.length][Math.round(255 * Math.max(0, Math.min(1, this.gates[x * rows + y])))];
    }
    context.putImageData(image, 0, 0);
  }
}
