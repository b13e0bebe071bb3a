// The token count of a message. A byte-level tokenizer makes at most one token of each byte, so a text
// of no more bytes than tokens are allowed is within the bound; the server counts a longer one.
import { LIMIT, characters } from "./message_length.js";
import { post } from "../shared/post_form.js";

const { tokens: url, tokensMost } = document.getElementById("composer").dataset;
const PAUSE = 250; // ms without a key until the server is asked
const bytes = new TextEncoder();

export const TOKENS = Number(tokensMost);

export class TokenCount {
  #answer = { text: "", tokens: 0 };
  #timer = 0;
  #onCount;

  // onCount() is called when an unknown count has arrived.
  constructor(onCount) {
    this.#onCount = onCount;
  }

  // { tokens, exact }: of this text, or of the one counted before it while this one is being
  // counted; null where no count is needed.
  of(text) {
    clearTimeout(this.#timer);
    // With more characters than are allowed it can't be sent, whatever its tokens are.
    if (text.length > 2 * LIMIT || characters(text) > LIMIT || bytes.encode(text).length <= TOKENS) {
      this.#answer = { text: "", tokens: 0 };
      return null;
    }
    const exact = this.#answer.text === text;
    if (!exact) this.#timer = setTimeout(() => this.#ask(text), PAUSE);
    return this.#answer.tokens ? { tokens: this.#answer.tokens, exact } : null;
  }

  // A text that can't be counted now (no connection) is refused by the server if it must be.
  async #ask(text) {
    const timer = this.#timer;
    const answer = await post(url, { text }).catch(() => null);
    if (!answer || timer !== this.#timer) return; // typed on meanwhile
    this.#answer = { text, tokens: answer.tokens };
    this.#onCount();
  }
}
