// What the memory would say now: after each turn the server asks a copy of the head's memory a few
// questions. gauge_rows.js draws the answers; here they are fetched, and the questions are kept.
import { Kept } from "../shared/browser_storage.js";
import { copy } from "../shared/clipboard.js";
import { drawRows, table } from "./gauge_rows.js";
import { tell } from "./events.js";
import { say } from "../shared/strings.js";

const element = (id) => document.getElementById(id);
const COURSE = 24; // turns of a course
const AGAIN = [1500, 3000, 6000, 12000, 24000]; // ms after which a skipped reading is asked for again

export class Gauge {
  constructor(chat) {
    this.chat = chat;
    this.list = element("gauge-rows");
    this.usual = [...this.list.children].map(({ dataset }) => dataset.question);
    this.most = Number(element("gauge").dataset.most);
    this.longTerm = "longTerm" in element("gauge").dataset;
    this.kept = new Kept("localStorage", "questions", chat); // null: the usual ones
    this.reading = null; // gauge.json of `head`
    this.#placeRows();
    document.addEventListener("chat:head", ({ detail: { head } }) => this.show(head));
    document.addEventListener("chat:turn-started", () => clearTimeout(this.again));
    element("gauge-ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#add(element("gauge-own").value.trim());
    });
    this.list.addEventListener("click", ({ target }) => {
      const row = target.closest("[data-remove]")?.closest(".gauge-row");
      if (row) this.#remove(row);
    });
    element("gauge-reset").addEventListener("click", () => {
      this.#keep(this.usual);
      element("gauge-own").focus();
    });
    element("gauge-copy").addEventListener("click", ({ currentTarget }) => copy(table(this.reading, this.labels()), currentTarget));
  }

  get questions() {
    const kept = this.kept.value;
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string").slice(0, this.most) : this.usual;
  }

  labels() {
    return [...this.list.children].map((row) => row.querySelector(".gauge-label").textContent);
  }

  // head: the turn whose memory is asked; null: a blank memory, which knows what its chat's long-term
  // memory has, if anything.
  show(head) {
    if (head === this.head && this.settled) return;
    this.head = head;
    this.#read();
  }

  async #read(tries = 0) {
    clearTimeout(this.again);
    const wanted = (this.wanted = Symbol());
    const { head } = this;
    this.settled = !head && !this.longTerm;
    if (this.settled) {
      this.#draw({ head, turns: [], questions: this.questions });
      return tell("gauge", { head });
    }
    this.list.setAttribute("aria-busy", "true");
    // The newest memory first; what was before it may take as long as many turns do.
    for (const course of !head || this.reading?.turns.length ? [COURSE] : [1, COURSE]) {
      const answer = await this.#fetch(course).catch(() => null);
      if (wanted !== this.wanted) return; // a newer request overtook this
      if (answer?.questions && answer.head === head) this.#draw(answer);
      else {
        this.list.classList.add("late");
        if (answer && tries < AGAIN.length) this.again = setTimeout(() => this.#read(tries + 1), AGAIN[tries]);
        return;
      }
    }
    this.settled = true;
    tell("gauge", { head });
  }

  async #fetch(course) {
    const query = new URLSearchParams({ panel: 1, last: 1, course });
    if (this.kept.value) for (const question of this.questions) query.append("q", question);
    if (this.kept.value && !this.questions.length) return { head: this.head, questions: [], turns: [] };
    const response = await fetch(`/chat/${this.chat}/gauge.json?${query}`);
    return response.ok ? response.json() : null;
  }

  #draw(reading) {
    const changes = drawRows(this.list, reading, this.drawn);
    if (this.drawn?.head !== reading.head) element("gauge-spoken").textContent = changes.join(" ");
    this.reading = this.drawn = reading;
    this.list.removeAttribute("aria-busy");
    this.list.classList.remove("late");
    element("gauge-copy").hidden = !reading.course?.turns.length;
  }

  #placeRows() {
    const { questions } = this;
    const old = new Map([...this.list.children].map((row) => [row.dataset.question, row]));
    this.stock = new Map([...(this.stock ?? []), ...old]); // the usual rows come back with their labels
    this.list.replaceChildren(...questions.map((question) => this.stock.get(question) ?? this.#row(question)));
    element("gauge-reset").hidden = this.usual.every((question) => questions.includes(question));
    element("gauge-refusal").textContent = "";
  }

  #row(question) {
    const row = element("gauge-row-template").content.firstElementChild.cloneNode(true);
    row.dataset.question = question;
    row.classList.add("asked");
    row.querySelector(".gauge-label").textContent = question;
    return row;
  }

  #keep(questions) {
    const usual = questions.length === this.usual.length && questions.every((question, k) => question === this.usual[k]);
    this.kept.value = usual ? null : questions;
    this.#placeRows();
    if (this.head !== undefined) this.#read();
  }

  #add(question) {
    const { questions } = this;
    if (!question) return;
    if (questions.includes(question)) {
      element("gauge-own").value = "";
      const row = [...this.list.children].find(({ dataset }) => dataset.question === question);
      row.querySelector("details").open = true;
      row.querySelector("summary").focus();
      return;
    }
    if (questions.length >= this.most) {
      element("gauge-refusal").textContent = say("gaugeFull", { n: this.most });
      return;
    }
    element("gauge-own").value = "";
    this.#keep([...questions, question]);
    this.list.lastElementChild?.scrollIntoView({ block: "nearest" });
  }

  #remove(row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    this.#keep(this.questions.filter((question) => question !== row.dataset.question));
    (next?.querySelector("summary") ?? element("gauge-own")).focus();
  }
}
