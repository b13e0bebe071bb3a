// The alternatives at a token's place, with the probabilities that the model gave.
import { tokenNode, visible } from "./token_text.js";
import { say } from "../shared/strings.js";

const element = (id) => document.getElementById(id);
const small = (p) => (p < 0.001 ? "<0.001" : p.toFixed(3));
const PLACE = "\uE000"; // of the token in its sentence: no text has this character of private use

export class Alternatives {
  // first: the place in the turn of the first token that is shown; control: id -> the name of a
  // special token
  constructor(turn, first, control) {
    Object.assign(this, { turn, first, control });
    this.known = new Map();
  }

  // token: its place among those shown, or null
  async show(token) {
    this.wanted = token;
    element("beat").classList.toggle("empty", token === null);
    if (token === null) return;
    if (!this.known.has(token)) {
      element("beat-head").textContent = say("fetching", { n: this.first + token + 1 });
      try {
        const answer = await fetch(`/turn/${this.turn}/alternatives.json?token=${this.first + token}`);
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        this.known.set(token, await answer.json());
      } catch {
        if (this.wanted === token) element("beat-head").textContent = say("failedPart");
        return;
      }
    }
    if (this.wanted === token) this.#draw(token, this.known.get(token));
  }

  #draw(token, { text, token_id, chosen, probability, rank, entropy, alternatives }) {
    const special = this.control[token_id];
    const sentence = say(chosen ? "chosen" : "fed", {
      n: this.first + token + 1, token: special ? PLACE : visible(text), p: small(probability), rank,
      bits: entropy.bits.toFixed(2), nats: entropy.nats.toFixed(2),
    });
    // A special token is no text: in a box, without the sentence's quotation marks.
    const parts = special ? sentence.split(new RegExp(`[“「]?${PLACE}[”」]?`, "u")) : [sentence];
    element("beat-head").replaceChildren(parts[0], ...(special ? [tokenNode(special, true), parts[1]] : []));
    element("beat-list").replaceChildren(...alternatives.map((option) => {
      const item = document.createElement("li");
      if (option.token_id === token_id) item.className = "own";
      const part = (tag, name, text) => {
        const node = item.appendChild(document.createElement(tag));
        node.className = name;
        node.textContent = text;
        return node;
      };
      const word = this.control[option.token_id];
      const box = part("span", "beat-token mono", word ? "" : visible(option.text));
      box.title = word ? `${option.text} ${option.token_id}` : option.token_id;
      if (word) Object.assign(box.appendChild(document.createElement("span")), { className: "token control", textContent: word });
      part("i", "beat-bar", "").style.setProperty("width", `${Math.max(1, option.probability * 100)}%`);
      part("span", "beat-p mono", small(option.probability));
      return item;
    }));
  }
}
