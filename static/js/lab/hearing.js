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
    this.#mix();
    this.clear();
    document.addEventListener("themechange", () => {
      this.#mix();
      this.draw();
    });
    this.track.addEventListener("click", ({ clientX }) => {
      const frame = Math.floor((clientX - this.track.getBoundingClientRect().left) / FRAME);
      if (frame >= 0 && frame < this.frames) this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
    });
  }

  #mix() {
    const gates = this.page.strip.map((gate) => ramp(HUES[gate], false));
    this.ramps = { loud: ramp("--text", false, { from: "--ground" }), word: ramp("--accent", false), gates };
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
    paint(loud, width, bands, this.ramps.loud, false, 255, (x, y) => this.loud[x * bands + bands - 1 - y]);
    paint(word, width, 1, this.ramps.word, false, 1, (x) => this.sure[x]);
    const rows = layers * strip.length; // layer 1's gates, then layer 2's
    paint(gates, width, rows, this.ramps.gates, false, 1, (x, y) => this.gates[x * rows + y]);
    for (let second = this.ticks.children.length; second * rate < frames; second += 1) {
      const tick = document.createElement("span");
      tick.textContent = `${second} s`;
      tick.style.setProperty("--at", `${second * rate * FRAME}px`);
      this.ticks.append(tick);
    }
  }
}
