// Where the message is written: Enter sends, Shift+Enter breaks, Esc stops (in chat.js).
import { say } from "./strings.js";

export const LIMIT = 4000; // code points, as the server counts
const NEAR = 300;
const element = (id) => document.getElementById(id);

export class Composer extends EventTarget {
  constructor() {
    super();
    this.text = element("text");
    this.text.addEventListener("input", () => this.#changed());
    this.text.addEventListener("keydown", (event) => {
      // While an input method composes, Enter belongs to it.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#submit();
    });
    element("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    element("stop").addEventListener("click", () => this.dispatchEvent(new Event("stop")));
    this.running = false;
    this.#changed();
  }

  #submit() {
    const text = this.text.value;
    if (!text.trim() || [...text].length > LIMIT) return;
    this.dispatchEvent(new CustomEvent("message", { detail: text }));
  }

  clear() {
    this.text.value = "";
    this.#changed();
  }

  // Gives a refused text back without losing what was typed since.
  restore(text) {
    const since = this.text.value;
    this.text.value = since.trim() && since !== text ? `${text}\n${since}` : text;
    this.#changed();
  }

  complain(sentence) {
    const problem = element("problem");
    problem.textContent = sentence ?? "";
    problem.hidden = !sentence;
  }

  set replying(running) {
    this.running = running;
    element("send").hidden = running;
    element("stop").hidden = !running;
  }

  #changed() {
    const length = [...this.text.value].length;
    const count = element("count");
    const left = LIMIT - length;
    count.textContent = left < 0 ? say("tooLong", { n: -left, limit: LIMIT }) : left < NEAR ? say("left", { n: left }) : "";
    count.classList.toggle("over", left < 0);
    element("send").disabled = !this.text.value.trim() || left < 0;
    this.text.style.height = "";
    this.text.style.height = `${Math.min(200, Math.max(40, this.text.scrollHeight))}px`;
  }
}
