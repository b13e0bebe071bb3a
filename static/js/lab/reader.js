// What the server reads: texts by their words, and many texts by their score; each text once.
import { token } from "../shared/csrf.js";
import { parse } from "../inspector/safetensors.js";

const KEPT = 400;

// A refusal is one sentence of the server's.
export class RefusedError extends Error {}

export class Reader {
  constructor(checkpoint) {
    this.checkpoint = checkpoint;
    this.known = new Map();
  }

  async #post(url, fields, signal) {
    const body = new URLSearchParams([["checkpoint", this.checkpoint], ...fields]);
    const answer = await fetch(url, { method: "POST", body, signal, headers: { "X-CSRFToken": token(), Accept: "application/json" } });
    if (answer.ok) return answer;
    const { error, detail } = await answer.json().catch(() => ({}));
    throw new RefusedError(error ?? detail ?? "");
  }

  async words(text, signal) {
    if (!this.known.has(text)) {
      const answer = await this.#post("/lab/sentiment/read.json", [["text", text], ["words", "1"]], signal);
      this.known.set(text, await answer.json());
      if (this.known.size > KEPT) this.known.delete(this.known.keys().next().value);
    }
    return this.known.get(text);
  }

  async logits(texts, signal) {
    const answer = await this.#post("/lab/sentiment/read.json", texts.map((text) => ["text", text]), signal);
    return (await answer.json()).logits;
  }

  async map(text, gate, layer, signal) {
    const answer = await this.#post("/lab/sentiment/map.safetensors", [["text", text], ["gate", gate], ["layer", layer]], signal);
    return parse(await answer.arrayBuffer());
  }
}

export const probability = (logit) => 1 / (1 + Math.exp(-logit));
// 0.5 -> "50%"; never 0% or 100%, since no score is certain.
export const percent = (logit) => `${Math.min(99.9, Math.max(0.1, 100 * probability(logit))).toFixed(1)}%`;
