// What the server reads and writes: a text's tokens, and the gates over them.
import { parse } from "../inspector/safetensors.js";
import { RefusedError } from "./reader.js";
import { token } from "../shared/csrf.js";

export class Writer {
  constructor(checkpoint) {
    this.checkpoint = checkpoint;
  }

  async #post(what, fields, signal) {
    const body = new URLSearchParams([["checkpoint", this.checkpoint], ...Object.entries(fields)]);
    const answer = await fetch(`/lab/completion/${what}`, { method: "POST", body, signal, headers: { "X-CSRFToken": token(), Accept: "application/json" } });
    if (answer.ok) return answer;
    const { error, detail } = await answer.json().catch(() => ({}));
    throw new RefusedError(error ?? detail ?? "");
  }

  async begin(prime, text, signal) {
    return (await this.#post("read.json", { prime, text }, signal)).json();
  }

  // draft: {tokens, start, from}; the ids after `from` were drawn with this seed.
  async go({ tokens, start, from }, { seed, temperature }, signal) {
    const fields = { ids: tokens.map(({ id }) => id).join(), start, seed, temperature, drawn: tokens.length - from };
    return (await this.#post("write.json", fields, signal)).json();
  }

  // As Reader.map: `ids` stand for the text.
  async map(ids, gate, layer) {
    return parse(await (await this.#post("map.safetensors", { ids, gate, layer })).arrayBuffer());
  }
}
