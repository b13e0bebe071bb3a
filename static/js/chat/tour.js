// The tour: a card over the composer whose one button takes the next step, and the place to look at
// marked. What each step does and claims is in tour_steps.js, its words in templates/parts/tour.html.
import { Kept } from "../shared/browser_storage.js";
import { STEPS } from "./tour_steps.js";
import { TourPlace } from "./tour_place.js";
import { element } from "./chat_page.js";
import { focusComposer } from "./composer_focus.js";
import { post } from "../shared/post_form.js";
import { settled, whenPanelKnows } from "./tour_waits.js";
import { uuid } from "../shared/uuid.js";

const SLOW = 6000; // ms after which a wait is called slow
const texts = (name) => element("tour-texts-template").content.querySelector(`[data-step="${name}"]`);

export class Tour {
  // given: page.tour; trace(view, offset) resolves with what was found (absent: the cell has no ledger).
  constructor(chat, given, { sending, hand, gauge, trace }) {
    Object.assign(this, given, { chat, sending, hand, gauge, traceWord: trace });
    this.steps = STEPS.filter(({ name }) => trace || name !== "traced");
    // {step: how many are done, turns: {step: the head after it}, from: the head before a step that
    // has begun, first: the chat that this one was forked from}
    this.kept = new Kept("localStorage", "tour", chat.id);
    this.place = new TourPlace();
    this.waiting = null; // the name of the text that says what is awaited
    document.addEventListener("chat:token", () => this.waiting === "waiting" && this.#wait("replying"));
    element("tour-next").addEventListener("click", () => this.#next());
    element("tour-leave").addEventListener("click", () => this.leave());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.open && !chat.busy && !event.defaultPrevented && !event.isComposing) this.leave();
    });
    for (const button of document.querySelectorAll("[data-tour]")) {
      button.addEventListener("click", () => this.start());
      button.disabled = false;
    }
    if (this.kept.value) this.#resume();
    else if (location.hash === "#tour") this.start();
    if (location.hash === "#tour") history.replaceState(history.state, "", location.pathname);
  }

  get turns() { return this.kept.value?.turns ?? {}; }
  get done() { return this.steps[(this.kept.value?.step ?? 0) - 1] ?? null; }

  view(step) { return this.chat.viewOf(this.turns[step]); }

  // The turn of a step as it stands on the page: once another was forgotten, the copy that was read again.
  written(step) {
    const { tree, views } = this.chat;
    const copied = tree.turns.filter(({ parameters }) => parameters?.of === this.turns[step]).map(({ id }) => id);
    return this.view(step) ?? views.find(({ id }) => copied.includes(id));
  }

  start() {
    if (this.chat.tree.turns.length) return;
    this.kept.value = { step: 0, turns: {} };
    this.#show();
    element("tour-next").focus({ preventScroll: true });
  }

  leave() {
    this.kept.value = null;
    this.open = false;
    this.#waited();
    element("tour").hidden = true;
    this.place.leave();
    focusComposer();
  }

  // What the steps do.

  send(step) { return this.sending.message(this.messages[step]); }
  forget(step) { return this.hand.forget(this.turns[step]); }

  blend(step) {
    if (this.sending.held()) return false;
    const frame = { type: "memory.transplant", client_turn_id: uuid(), turn: this.chat.tree.head, from: this.turns[step], what: this.places, weight: this.weight };
    return this.chat.socket.sendSoon(frame);
  }

  async trace(step, word) {
    const view = this.view(step);
    const offset = view?.reply.textContent.indexOf(word) ?? -1;
    this.strongest = null;
    if (offset < 0) return true;
    const found = await this.traceWord(view, offset);
    const read = found?.bookkeeping.filter(({ turn }) => turn !== view.id) ?? [];
    this.strongest = read.reduce((best, row) => (row.share > (best?.share ?? 0) ? row : best), null)?.turn;
    return Boolean(found);
  }

  async fork(step) {
    const { to } = await post(`/turn/${this.turns[step]}/fork/`, {});
    const other = to.split("/chat/")[1].split("/")[0];
    new Kept("localStorage", "tour", other).value = { ...this.kept.value, step: this.steps.length, from: undefined, first: this.chat.id };
    this.kept.value = null;
    location.assign(to);
    return new Promise(() => {}); // the page is left
  }

  async #next() {
    if (this.busy) return;
    const step = this.steps[this.kept.value.step];
    if (!step) return this.leave();
    const from = this.chat.tree.head ?? null;
    this.place.leave();
    this.place.enter();
    this.#wait(step.wait ?? "waiting");
    const ended = step.where === "trace" ? null : settled(this.chat, from);
    const begun = await Promise.resolve(step.act(this)).catch(() => false);
    if (begun && ended) {
      this.#keep({ from });
      await this.#finish(ended);
    } else {
      ended?.abandon();
      if (begun) this.#advance();
      this.#show(begun ? "" : "refused");
    }
  }

  async #finish(ended) {
    const moved = await ended.moved;
    if (!this.kept.value) return; // left meanwhile
    if (moved) this.#advance();
    else this.#keep({ from: undefined });
    if (moved) await this.#panelKnows();
    if (this.kept.value) this.#show(moved ? "" : "refused");
  }

  // After a reload: a step that had begun is done once the head has moved.
  async #resume() {
    const { from, step } = this.kept.value;
    if (from === undefined) {
      const where = this.steps[step - 1]?.where;
      if (where === "trace") this.trace("asked", this.values.home).catch(() => {});
      await this.#panelKnows();
      if (this.kept.value) this.#show();
      return;
    }
    this.#wait(this.steps[step]?.wait ?? "waiting");
    await this.#finish(settled(this.chat, from));
  }

  #keep(more) {
    if (this.kept.value) this.kept.value = { ...this.kept.value, ...more };
  }

  #advance() {
    const { step, turns } = this.kept.value;
    const { name } = this.steps[step];
    this.kept.value = { ...this.kept.value, step: step + 1, turns: { ...turns, [name]: this.chat.tree.head }, from: undefined };
  }

  #panelKnows() {
    this.#wait("asking");
    return whenPanelKnows(this.gauge, this.chat.tree.head);
  }

  // The button is off until then: the card says what is awaited, and after a while that it is slow.
  #wait(words) {
    this.busy = true;
    this.waiting = words;
    if (!element("tour-next").textContent) this.#step(); // after a reload
    const slow = this.slow ? [texts("slow").cloneNode(true)] : [];
    this.#card([texts(words).cloneNode(true), ...slow]);
    element("tour-next").setAttribute("aria-disabled", "true");
    this.timer ??= setTimeout(() => {
      this.slow = true;
      this.#wait(this.waiting);
    }, SLOW);
  }

  #waited() {
    clearTimeout(this.timer);
    this.timer = this.waiting = null;
    this.busy = this.slow = false;
  }

  // The result of the last step, and the button of the next.
  #show(fault = "") {
    this.#waited();
    const { done } = this;
    const text = texts(done?.name ?? "start");
    const true_ = !done || Boolean(done.holds(this));
    const look = fault || !true_ ? [texts(fault || "otherwise").cloneNode(true)] : [...text.querySelector(".look").cloneNode(true).childNodes];
    this.#card(look);
    this.#step();
    element("tour-next").removeAttribute("aria-disabled");
    this.#links();
    if (done) this.place.mark(done, done.marks(this), this.chat.follow);
  }

  // The button of the next step, and how many are done.
  #step() {
    const { done } = this;
    const next = this.steps[this.kept.value.step];
    const button = element("tour-next");
    button.textContent = this.#label(done, texts(done?.name ?? "start"));
    button.classList.toggle("main", Boolean(next));
    element("tour-meaning").textContent = this.meanings[next?.name] ?? "";
    element("tour-at").textContent = `${this.kept.value.step}/${this.steps.length}`;
  }

  #label(done, text) {
    // Without the step that traces a word, the one after it is next.
    const shown = done?.name === "asked" && !this.traceWord ? texts("traced") : text;
    return shown.querySelector(".next").textContent.trim();
  }

  #card(nodes) {
    this.open = true;
    this.place.enter();
    element("tour").hidden = false;
    element("tour-look").replaceChildren(...nodes);
  }

  #links() {
    const { first } = this.kept.value;
    const to = (name) => element("tour-look").querySelector(`[data-to="${name}"]`);
    if (to("gates")) to("gates").href = `/turn/${this.turns.corrected}/`;
    if (to("first")) to("first").hidden = !first;
    if (first && to("first")) to("first").href = `/chat/${first}/`;
  }
}
