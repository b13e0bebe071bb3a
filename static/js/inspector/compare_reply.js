// Another reply from the same memory, to compare with: its maps, its tokens, where it differs.
import { Maps } from "./gate_map.js";
import { say } from "../shared/strings.js";

const LONGEST_WORD = 24; // characters that no line breaks between

// As the server joins the tokens of the page's own sentence (views/inspector/gate_view.py).
function joins(text, after, length) {
  if (length + after.length > LONGEST_WORD) return false;
  if (/\s$/u.test(text) || /^\s/u.test(after)) return false;
  return /^[\p{Po}\p{Pe}\p{Pf}]/u.test(after) || (/[\p{Ll}\p{Lu}\p{Lm}\p{Mn}\p{Nd}\p{Po}]$/u.test(text) && /^[\p{Ll}\p{Lu}\p{Lm}\p{Mn}\p{Nd}\p{Po}]/u.test(after));
}

export class Sibling {
  // {id, number, windowed}, or {id, label, aligned} of any other turn; control: id -> the name of a
  // control token; window: the one that is shown of a very long turn; from: the turn compared with it
  constructor({ id, number, windowed, aligned, label }, control, window, from) {
    Object.assign(this, { turn: id, number, control, tokens: [], split: 0, from, byAlignment: Boolean(aligned) });
    this.name = aligned ? say("otherTurn", { text: label }) : say("otherReply", { n: number });
    this.window = windowed ? window?.number ?? 1 : null;
    this.maps = new Maps(id, this.window);
    this.ready = this.#load();
  }

  async #load() {
    const [answer, difference] = await Promise.all([
      fetch(`/turn/${this.turn}/gates.json${this.window ? `?window=${this.window}` : ""}`),
      fetch(`/turn/${this.from}/difference.json?with=${this.turn}`),
    ]);
    for (const { ok, status } of [answer, difference]) if (!ok) throw new Error(`status ${status}`);
    const { aligned, layers } = await difference.json();
    this.layers = layers;
    if (this.byAlignment) {
      this.places = aligned;
      this.back = new Map(aligned.map((place, token) => [place, token]));
    }
    this.tokens = (await answer.json()).tokens.map(({ token_id, text, part }) => ({ id: token_id, text, part }));
    this.split = this.tokens.filter(({ part }) => part === "prompt").length;
  }

  // Each token's text; a control token's name.
  get texts() {
    return this.tokens.map(({ id, text }) => this.control[id] ?? (text.replaceAll("\n", "↵\n") || "·"));
  }

  get special() {
    return this.tokens.map(({ id }) => id in this.control);
  }

  // The place here of a token of the other turn, or null; and the other way round. Replies to one
  // message go side by side from their start, other turns by equal tokens.
  at(token) {
    if (!this.byAlignment) return token < this.tokens.length ? token : null;
    return this.places[token] ?? null;
  }

  ownOf(token) {
    return this.byAlignment ? this.back.get(token) ?? null : token;
  }

  // How many tokens are aligned.
  get common() {
    return this.places.filter((place) => place !== null).length;
  }

  // How many tokens both have in common from the start.
  partsAt(ids) {
    const at = this.tokens.findIndex(({ id }, k) => id !== ids[k]);
    return at < 0 ? this.tokens.length : at;
  }

  write(box, link) {
    link.href = `/turn/${this.turn}/`;
    link.textContent = this.name;
    const { texts } = this;
    box.replaceChildren();
    let group = box; // a special token, a mark or a piece of a word stays on the line of its text
    let length = 0; // characters since the last place for a line break
    this.tokens.forEach(({ id }, k) => {
      const opens = id in this.control && (k === 0 || k === this.split - 1) && k < this.tokens.length - 1;
      const closed = this.tokens[k + 1]?.id in this.control && k + 1 !== this.split - 1;
      const after = this.tokens[k + 1];
      length = texts[k].length + (group === box ? 0 : length);
      const mark = after && !(id in this.control) && !(after.id in this.control) && joins(texts[k], texts[k + 1], length);
      if ((opens || closed || mark) && group === box) group = box.appendChild(Object.assign(document.createElement("span"), { className: "joined" }));
      const span = group.appendChild(document.createElement("span"));
      span.className = id in this.control ? "token control" : "token";
      span.textContent = texts[k];
      if (k === this.split) span.classList.add("first");
      if (!opens && !closed && !mark) group = box;
    });
  }

  // From the first differing token on, or where the other turn has none that is equal, the words are
  // highlighted.
  mark(box, parts, ids) {
    box.querySelectorAll(".token").forEach((span, k) => span.classList.toggle("differs", this.byAlignment ? ids[this.back.get(k)] !== this.tokens[k].id : k >= parts));
  }
}
