// The message field: Enter sends, Shift+Enter breaks the line, Esc stops (in main.js).
import { Draft } from "./draft.js";
import { LIMIT, characters } from "./message_length.js";
import { grouped } from "../shared/numbers.js";
import { say, wordsOf } from "../shared/strings.js";
import { TOKENS, TokenCount } from "./token_count.js";

const NEAR = 300;
const TALLEST = 200; // px
const LONG = 20000; // UTF-16 units: more lines than fit, however wide the window is
const element = (id) => document.getElementById(id);

// While an input method composes, Enter belongs to it.
export function sends(event) {
  return event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229;
}

// A pasted or dropped text far above the limit isn't inserted at all: a browser takes seconds for
// each key beside it. tell(sentence) says why.
export function keepOut(field, tell) {
  field.addEventListener("beforeinput", (event) => {
    const text = event.data ?? event.dataTransfer?.getData("text/plain") ?? "";
    if (text.length <= LONG) return;
    event.preventDefault();
    const n = characters(text);
    tell(say("pasteTooLong", { n, count: n, limit: LIMIT }));
  });
}

// As tall as its text, up to a limit.
export function fit(field) {
  if (field.value.length > LONG) {
    field.style.height = `${TALLEST}px`; // measuring it would lay out every line at each key
    return;
  }
  field.style.height = "";
  field.style.height = `${Math.min(TALLEST, Math.max(40, field.scrollHeight))}px`;
}

// The sentence on a text's length ("" while the limits are far), and whether it may be sent.
// `counted` is the result of a TokenCount.
export function measure(text, counted = null) {
  const left = LIMIT - characters(text);
  if (left < 0) return { words: say("tooLong", { n: -left, count: -left, limit: LIMIT }), over: true, sendable: false };
  const tokensLeft = counted ? TOKENS - counted.tokens : Infinity;
  const over = tokensLeft < 0;
  // The tighter of the two bounds alone: both don't fit on a phone.
  const words = over
    ? say("tooManyTokens", { n: -tokensLeft, count: -tokensLeft, limit: TOKENS })
    : tokensLeft < Math.min(NEAR, left)
      ? say("tokensLeft", { n: tokensLeft })
      : left < NEAR ? say("left", { n: left }) : "";
  // A count of an older text is only approximate.
  return { words, over, sendable: text.trim() !== "" && !(over && counted.exact) };
}

export class Composer extends EventTarget {
  constructor(chat) {
    super();
    this.text = element("text");
    this.draft = new Draft(chat);
    // Text that was typed before this script ran stays.
    if (!this.text.value) this.text.value = this.draft.value;
    this.tokens = new TokenCount(() => this.#changed());
    this.emptied = false; // by hand: Ctrl+Z then belongs to the field
    this.text.addEventListener("input", () => {
      this.emptied = this.text.value === "";
      this.settle("typing");
      this.#changed();
    });
    keepOut(this.text, (sentence) => this.complain(sentence));
    this.text.addEventListener("keydown", (event) => {
      if (!sends(event)) return;
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

  // Enter came before the page's scripts (early_enter.js): what stood in the field then is sent now, and
  // what was typed since stays.
  sendEarly() {
    const { dataset } = element("composer");
    dataset.ready = "";
    element("early").hidden = true;
    const { early } = dataset;
    delete dataset.early;
    if (!early || !this.text.value.startsWith(early)) return;
    const since = this.text.value.slice(early.length);
    this.text.value = early;
    this.#submit();
    if (since) this.restore(`${this.text.value}${since}`);
  }

  get isBlank() {
    return this.text.value === "" && !this.emptied;
  }

  #submit() {
    const text = this.text.value;
    if (measure(text, this.tokens.of(text)).sendable) this.dispatchEvent(new CustomEvent("message", { detail: text }));
  }

  clear() {
    this.text.value = "";
    this.emptied = false;
    this.#changed();
  }

  // Restores a refused text without losing later input.
  restore(text) {
    const since = this.text.value;
    this.text.value = since.trim() && since !== text ? `${text}\n${since}` : text;
    this.#changed();
  }

  // `until` names the event that ends the complaint: "reply" (it has ended), "line" (the connection is
  // back), "sampling" (the settings were changed); without one, the next key does.
  complain(sentence, until = "typing") {
    const problem = element("problem");
    this.until = sentence ? until : null;
    problem.textContent = sentence ?? "";
    problem.hidden = !sentence;
  }

  // The event has come: a complaint that waited for it is out of date.
  settle(...reasons) {
    if (reasons.includes(this.until)) this.complain(null);
  }

  // What is used of the messages that may be sent in so many seconds.
  showUsed(used, most, seconds) {
    const words = wordsOf("used")[seconds] ?? "";
    element("used").textContent = words.replace("{used}", grouped(used)).replace("{most}", grouped(most));
    element("used").classList.toggle("low", used * 4 >= most * 3);
  }

  set replying(running) {
    this.running = running;
    element("send").hidden = running;
    element("stop").hidden = !running;
  }

  set stuck(stuck) {
    element("stop").disabled = stuck;
  }

  #changed() {
    const { words, over, sendable } = measure(this.text.value, this.tokens.of(this.text.value));
    const count = element("count");
    count.textContent = words;
    count.classList.toggle("over", over);
    element("send").disabled = !sendable;
    this.draft.value = this.text.value;
    fit(this.text);
  }
}
