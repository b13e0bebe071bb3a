// One turn on the page: the message, the reply as it grows, its strip and its buttons.
import { wordsOf } from "./strings.js";
import { Strip } from "./strip.js";

const template = document.getElementById("turn-template");
const UNDECIDED = new Set(["running", "sending"]);

export class TurnView {
  constructor(li) {
    this.li = li;
    this.user = li.querySelector(".you .text");
    this.reply = li.querySelector(".bot .text");
    this.strip = new Strip(li.querySelector(".strip canvas"), li.querySelector(".strip-value"));
    // A click on the strip opens the gate view at that token.
    li.querySelector(".strip").addEventListener("click", (event) => {
      if (!this.id || !event.clientX) return;
      event.preventDefault();
      location.href = `/turn/${this.id}/#reply=${this.strip.at(event)}`;
    });
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

  set status(status) {
    this.li.dataset.status = status;
    this.li.querySelector(".note").textContent = wordsOf("note")[status] ?? "";
    this.reply.setAttribute("aria-busy", String(UNDECIDED.has(status)));
  }

  note(sentence) {
    this.li.querySelector(".note").textContent = sentence;
  }

  adopt(id) {
    this.li.dataset.turn = id;
    for (const link of this.li.querySelectorAll("a.strip, a.gates")) link.href = `/turn/${id}/`;
  }

  // Appended to one text node, so that nothing already on the page is laid out anew.
  append({ text, gates }) {
    if (text) {
      if (!this.reply.firstChild) this.reply.append("");
      if (this.reply.firstChild) this.reply.firstChild.appendData(text);
      else this.reply.textContent = text;
    }
    this.strip.push(text, gates);
  }

  update({ status, user_text: said, reply_text: reply }) {
    if (this.user.textContent !== said) this.user.textContent = said;
    if (status !== "running" && this.reply.textContent !== reply) this.reply.textContent = reply;
    this.status = status;
  }

  versions(position, count) {
    const box = this.li.querySelector(".siblings");
    box.hidden = count < 2;
    box.querySelector(".mono").textContent = `${position}/${count}`;
    box.querySelector(".before").disabled = position <= 1;
    box.querySelector(".after").disabled = position >= count;
  }
}
