// A text as it is written: a button a character, coloured by its surprise. Event "choose" (detail: place).
import { css, paint, ramp } from "../shared/colour_ramp.js";
import { rounded } from "../shared/numbers.js";
import { say } from "../shared/strings.js";

const MOST_BITS = 12;
let grounds = [];
export function mix(key) {
  grounds = ramp("--warn", false, { strength: 0.45, from: "--ground" });
  paint(key, 256, 1, grounds, false, 255, (x) => x);
}

// The tokens of a text by what is shown: a character of several tokens is one place, at its last.
export function places({ tokens, start }) {
  const shown = [];
  let bits = 0;
  tokens.forEach((token, k) => {
    if (k < start) return;
    bits += token.bits;
    const last = k === tokens.length - 1;
    if (!token.text && !token.mark && !last) return;
    if (token.text || token.mark) shown.push({ ...token, bits, stop: k });
    bits = 0;
  });
  return shown;
}

export class Writing extends EventTarget {
  constructor(element) {
    super();
    this.element = element;
    this.buttons = [];
    element.addEventListener("click", ({ target }) => {
      const at = this.buttons.indexOf(target.closest("button"));
      if (at >= 0) this.#choose(at);
    });
    element.addEventListener("keydown", (event) => this.#key(event));
  }

  clear() {
    this.buttons = [];
    this.shown = [];
    this.element.replaceChildren();
  }

  // Only what is new is added, so that focus and reading stay where they are.
  show(draft) {
    this.shown = places(draft);
    for (const place of this.shown.slice(this.buttons.length)) {
      const button = Object.assign(document.createElement("button"), { type: "button", tabIndex: this.buttons.length ? -1 : 0 });
      button.className = place.mark ? "lab-character lab-mark" : "lab-character";
      button.textContent = place.mark ? String(place.mark[0]) : place.text;
      button.classList.toggle("given", place.stop < draft.given);
      const name = place.mark ? say("mark", { n: place.mark[0], lines: String(place.mark[1]) }) : place.text;
      button.setAttribute("aria-label", say("characterBits", { text: name, bits: rounded(place.bits, 2) }));
      this.buttons.push(button);
      this.element.append(button);
      if (/[。！？\n]/.test(place.text)) this.element.append(document.createElement("br"));
    }
    this.repaint();
  }

  repaint() {
    this.buttons.forEach((button, at) => {
      button.style.backgroundColor = css(grounds[Math.round(255 * Math.min(1, this.shown[at].bits / MOST_BITS))]);
    });
  }

  // at: the chosen place, or null
  mark(at) {
    this.buttons.forEach((button, k) => {
      if (k === at) button.setAttribute("aria-pressed", "true");
      else button.removeAttribute("aria-pressed");
    });
  }

  #choose(at) {
    this.buttons.forEach((button, k) => { button.tabIndex = k === at ? 0 : -1; });
    this.dispatchEvent(new CustomEvent("choose", { detail: at }));
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    const at = this.buttons.indexOf(event.target.closest("button"));
    if (at < 0 || step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const to = Math.max(0, Math.min(this.buttons.length - 1, at + step));
    this.buttons[to].focus();
    this.#choose(to);
  }
}
