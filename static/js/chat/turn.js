// One turn on the page: the message, the reply as it grows, its strip and its buttons.
import { say, wordsOf } from "../shared/strings.js";
import { fetchMarkdown, furnish, mayDiffer } from "./markdown.js";
import { Strip } from "./gate_strip.js";

const template = document.getElementById("turn-template");
const UNDECIDED = new Set(["running", "sending"]);
export const KEPT = new Set(["complete", "stopped", "length"]);

// The sentence under a reply that did not simply end, as `status_note` has it.
function noteOf({ status, reply, cut, fixed }) {
  if (fixed) return wordsOf("note").fixed;
  const wordless = reply ? undefined : wordsOf("wordless")[status];
  return wordsOf("note")[wordless ?? cut ?? status] ?? "";
}

export class TurnView {
  constructor(li) {
    this.li = li;
    this.user = li.querySelector(".you .text");
    this.reply = li.querySelector(".bot .text");
    this.markdown = li.querySelector(".markdown");
    this.strip = new Strip(li.querySelector(".strip canvas"), li.querySelector(".strip-value"));
    this.drawn = Promise.resolve(); // until the reply is shown as Markdown, where that may differ
    this.drawnFor = this.reply.textContent; // the server has rendered this text already
    furnish(this.markdown);
    const strip = li.querySelector(".strip");
    // A click, or Enter, on the strip opens the gate view at that token.
    strip.addEventListener("click", (event) => {
      const place = event.clientX ? this.strip.at(event) : this.strip.place;
      if (!this.id || place === null) return;
      event.preventDefault();
      location.href = `/turn/${this.id}/#reply=${place}`;
    });
    strip.addEventListener("keydown", (event) => this.strip.key(event));
    strip.addEventListener("blur", () => this.strip.leave());
  }

  static create({ id = "", client = "", text, status }) {
    const view = new TurnView(template.content.firstElementChild.cloneNode(true));
    view.li.dataset.client = client;
    view.user.textContent = text;
    view.status = status;
    if (id) view.adopt(id);
    return view;
  }

  get id() { return this.li.dataset.turn; }
  get client() { return this.li.dataset.client; }
  get status() { return this.li.dataset.status; }
  get undecided() { return UNDECIDED.has(this.status); }
  get kept() { return KEPT.has(this.status); }

  set status(status) {
    this.li.dataset.status = status;
    this.note(wordsOf("note")[status] ?? "");
    this.reply.setAttribute("aria-busy", String(UNDECIDED.has(status)));
  }

  set held(hold) {
    this.li.toggleAttribute("data-held", Boolean(hold));
  }

  note(sentence) {
    this.li.querySelector(".note").textContent = sentence;
  }

  adopt(id) {
    this.li.dataset.turn = id;
    this.li.id = `turn-${id}`;
    for (const link of this.li.querySelectorAll("a.strip, a.gates")) link.href = `/turn/${id}/`;
    this.#nameLinks();
  }

  // So that a list of links says whose gates each of them opens.
  #nameLinks() {
    const text = [...this.user.textContent].slice(0, 60).join("");
    this.li.querySelector("a.gates").ariaLabel = say("gatesOf", { text });
  }

  // Appended to one text node, so that nothing already on the page is laid out again.
  append({ text, gates }) {
    if (text) {
      if (!this.reply.firstChild) this.reply.append("");
      if (this.reply.firstChild) this.reply.firstChild.appendData(text);
      else this.reply.textContent = text;
      this.li.style.setProperty("--grown", this.reply.offsetHeight);
    }
    this.strip.push(text, gates);
  }

  // A whole turn, as in turns.json.
  update({ user_text: text, ...turn }) {
    if (this.user.textContent !== text) this.user.textContent = text;
    this.held = turn.hold ?? null;
    this.li.classList.toggle("inherited", Boolean(turn.inherited));
    this.#nameLinks();
    this.finish(turn);
  }

  // The fields of `turn.finished`, without the message, which stays.
  finish({ status, reply_text: reply, cut_by: cut, fixed, parameters }) {
    this.status = status;
    if (status === "running") return;
    this.note(noteOf({ status, reply, cut, fixed: fixed || parameters?.fixed }));
    if (this.reply.textContent !== reply) this.reply.textContent = reply;
    if (this.drawnFor !== reply) this.drawn = this.#draw(reply);
  }

  async #draw(reply) {
    this.drawnFor = reply;
    const html = mayDiffer(reply) ? await fetchMarkdown(this.id) : "";
    if (this.drawnFor === reply) this.#show(html);
  }

  // The Markdown replaces the plain text. The block keeps the height of what it replaces, so that
  // nothing below it moves up, until the window is resized.
  #show(html) {
    const box = this.markdown;
    const before = this.reply.offsetHeight;
    box.innerHTML = html; // sanitised by the server: nh3, in memory_app/markdown.py
    // Chromium may keep the direction of the empty box: make it detect again.
    box.removeAttribute("dir");
    box.dir = "auto";
    furnish(box);
    box.hidden = !html;
    this.reply.hidden = Boolean(html);
    if (!html || !before) return;
    box.style.minHeight = `${before}px`;
    addEventListener("resize", () => (box.style.minHeight = ""), { once: true });
  }

  versions(position, count) {
    const box = this.li.querySelector(".siblings");
    box.hidden = count < 2;
    box.querySelector(".mono").textContent = `${position}/${count}`;
    box.querySelector(".before").disabled = position <= 1;
    box.querySelector(".after").disabled = position >= count;
  }

  // The settings and the seed that the reply was drawn with, as turns.json has them.
  tellHow({ sampling, seed }, defaults) {
    const list = this.li.querySelector(".drawn");
    const entries = Object.entries({ ...sampling, seed });
    list.replaceChildren(...entries.map(([name, value]) => {
      const pair = document.createElement("div");
      const [term, description] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = name;
      description.textContent = value;
      pair.classList.toggle("other", defaults[name] && Number(defaults[name]) !== value);
      pair.append(term, description);
      return pair;
    }));
  }

  set howOpen(open) {
    this.li.querySelector(".how").setAttribute("aria-expanded", String(open));
    this.li.querySelector(".drawn").hidden = !open;
  }

  get howOpen() {
    return !this.li.querySelector(".drawn").hidden;
  }
}
