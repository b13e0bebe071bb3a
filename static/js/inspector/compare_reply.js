// Another reply from the same memory, to compare with: its maps, its tokens, where it parts.
import { Maps } from "./gate_map.js";
import { say } from "../shared/strings.js";

export class Sibling {
  // {id, number, windowed}; control: id -> the name of a control token; window: the one
  // that is shown of a very long turn
  constructor({ id, number, windowed }, control, window) {
    Object.assign(this, { turn: id, number, control, tokens: [], split: 0 });
    this.window = windowed ? window?.number ?? 1 : null;
    this.maps = new Maps(id, this.window);
    this.ready = this.#load();
  }

  async #load() {
    const answer = await fetch(`/turn/${this.turn}/gates.json${this.window ? `?window=${this.window}` : ""}`);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    this.tokens = (await answer.json()).tokens.map(({ token_id, text, part }) => ({ id: token_id, text, part }));
    this.split = this.tokens.filter(({ part }) => part === "prompt").length;
  }

  // What each token says; a control token its name.
  get texts() {
    return this.tokens.map(({ id, text }) => this.control[id] ?? (text.replaceAll("\n", "↵\n") || "·"));
  }

  // How many tokens both have in common from the start.
  partsAt(ids) {
    const at = this.tokens.findIndex(({ id }, k) => id !== ids[k]);
    return at < 0 ? this.tokens.length : at;
  }

  write(box, link) {
    link.href = `/turn/${this.turn}/`;
    link.textContent = say("otherReply", { n: this.number });
    const { texts } = this;
    box.replaceChildren();
    let group = box; // a special token stays on the line of the text that it opens or closes
    this.tokens.forEach(({ id }, k) => {
      const opens = id in this.control && (k === 0 || k === this.split - 1) && k < this.tokens.length - 1;
      const closed = this.tokens[k + 1]?.id in this.control && k + 1 !== this.split - 1;
      if ((opens || closed) && group === box) group = box.appendChild(Object.assign(document.createElement("span"), { className: "joined" }));
      const one = group.appendChild(document.createElement("span"));
      one.className = id in this.control ? "token control" : "token";
      one.textContent = texts[k];
      if (k === this.split) one.classList.add("first");
      if (!opens && !closed) group = box;
    });
  }

  // From the first token that differs on, the words stand out.
  mark(box, parts) {
    box.querySelectorAll(".token").forEach((one, k) => one.classList.toggle("differs", k >= parts));
  }
}
