import { tokenNode } from "./token_text.js";

const SPARE = 40; // px: a line more on the side that it came from

// The turn's tokens as a readable sentence: one stop for Tab, arrow keys from token to token.
// Events "point" and "pin" (detail: the token's place).
export class Sentence extends EventTarget {
  constructor(box) {
    super();
    this.box = box;
    this.tokens = [...box.querySelectorAll(".token")];
    this.stop = 0;
    box.addEventListener("click", ({ target }) => this.#tell("pin", target));
    box.addEventListener("focusin", ({ target }) => this.#tell("point", target));
    box.addEventListener("keydown", (event) => this.#key(event));
  }

  get texts() {
    return this.tokens.map(({ textContent }) => textContent);
  }

  get special() {
    return this.tokens.map(({ classList }) => classList.contains("control"));
  }

  // A token in a table: "–" for none.
  written(token) {
    const button = this.tokens[token];
    return button ? tokenNode(button.textContent, button.classList.contains("control")) : "–";
  }

  point(token) {
    this.tokens[this.pointed]?.classList.remove("at");
    this.pointed = token;
    this.tokens[token]?.classList.add("at");
  }

  pin(token) {
    const before = this.pinned;
    this.tokens[before]?.removeAttribute("aria-pressed");
    this.pinned = token;
    this.tokens[token]?.setAttribute("aria-pressed", "true");
    if (token !== null && token !== before) this.#reveal(this.tokens[token]);
    if (token !== null && !this.tokens.includes(document.activeElement)) this.#rove(token);
  }

  // colours(token) -> {line, ground}, or null for none; key: what they depend on
  colour(key, colours) {
    if (key === this.key) return;
    this.key = key;
    this.tokens.forEach((button, token) => {
      const { line, ground } = colours?.(token) ?? { line: "", ground: "" };
      button.style.borderBottomColor = line;
      button.style.backgroundColor = ground;
    });
  }

  // Within the strip, which shows some lines of a long turn; the page stays where it is.
  #reveal(button) {
    const [{ top, bottom }, frame] = [button, this.box].map((part) => part.getBoundingClientRect());
    if (top < frame.top) this.box.scrollTop -= frame.top - top + SPARE;
    else if (bottom > frame.bottom) this.box.scrollTop += bottom - frame.bottom + SPARE;
  }

  // One of hundreds is the stop for Tab: only the two that change are updated.
  #rove(token) {
    this.tokens[this.stop].tabIndex = -1;
    this.stop = token;
    this.tokens[token].tabIndex = 0;
  }

  #tell(kind, target) {
    const at = this.tokens.indexOf(target);
    if (at < 0) return;
    this.#rove(at);
    this.dispatchEvent(new CustomEvent(kind, { detail: at }));
  }

  #key(event) {
    const at = this.tokens.indexOf(event.target);
    const last = this.tokens.length - 1;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (at < 0 || to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.tokens[Math.max(0, Math.min(last, to))].focus();
  }
}
