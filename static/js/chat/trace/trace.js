// Where did this word come from? One word of a reply is traced at a time: its sources light up in the
// chat, with lines, and stand in the panel. Loaded with the first traced word.
import { Lines } from "./lines.js";
import * as panel from "./panel.js";
import { ofMessage, ofReply } from "./text_places.js";
import { wordsOf } from "./words.js";
import { copy } from "../../shared/clipboard.js";
import { saveText } from "../../shared/save_file.js";
import { say } from "../../shared/strings.js";

const MOST = 5; // sources shown
const element = (id) => document.getElementById(id);

export class Trace {
  // chat: the ChatPage.
  constructor(chat) {
    this.chat = chat;
    this.lines = new Lines();
    this.root = element("trace");
    this.wide = matchMedia("(min-width: 900px)");
    const { memory_hue: hue } = JSON.parse(element("page").textContent).checkpoint;
    document.documentElement.style.setProperty("--trace", `var(--gate-${hue})`);
    this.root.querySelector("[data-close]").addEventListener("click", () => this.close());
    element("trace-effect").addEventListener("click", () => this.#effect());
    element("trace-saliency").addEventListener("click", () => this.#saliency());
    element("trace-link").addEventListener("click", ({ currentTarget }) => this.#link(currentTarget));
    element("trace-csv").addEventListener("click", () => saveText(this.#csv(), `sources-${this.view.id}-${this.token}.csv`));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.view || event.isComposing) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      this.close();
    }, true);
    // The branch on the page changes: its words are others.
    document.addEventListener("chat:turn-started", () => this.close());
    document.addEventListener("chat:goto", () => this.close());
    document.addEventListener("chat:head", () => this.view && !this.view.li.isConnected && this.close());
    this.wide.addEventListener("change", () => this.view && this.#cover(true));
  }

  // view: the turn; offset: a place in the reply's text, or null to choose a word in the panel.
  async open(view, offset, opener = null) {
    this.opener = opener ?? this.opener;
    if (this.view !== view) this.#clear();
    this.view = view;
    this.root.hidden = false;
    this.#cover(true);
    const tokens = await replyTokens(view);
    if (this.view !== view) return;
    this.words = wordsOf(tokens);
    const word = offset === null ? null : this.words.find(({ start, stop }) => offset >= start && offset < stop);
    if (word) return this.trace(word);
    this.lines.clear();
    panel.showWaiting(null);
    panel.showWords(this.words, null, (chosen) => this.trace(chosen));
    element("trace-words").querySelector("[tabindex='0']")?.focus();
  }

  async trace(word) {
    const wanted = (this.wanted = Symbol());
    const { view } = this;
    panel.showWaiting(word);
    panel.showWords(this.words, word, (chosen) => this.trace(chosen));
    this.token = word.tokens[0];
    const target = ofReply(view).range(word.start, word.stop);
    this.lines.show(target, []);
    const found = await this.#ask("");
    if (wanted !== this.wanted) return;
    if (found.fault) return panel.showFault(found.fault);
    this.found = found;
    this.effects = null;
    const sources = this.#sources(found);
    const top = sources.slice(0, MOST);
    panel.showSources(top, Math.max(0, 1 - top.reduce((sum, { share }) => sum + share, 0)), found.residual);
    this.lines.show(target, top.map(({ range, share, against }) => ({ range, against, weight: share / top[0].share, share: panel.percent(against ? -share : share) })));
    this.#turns();
    panel.showEffect({});
    this.slopes = null;
    panel.showSaliency({});
    if (!this.wide.matches) this.#reveal(target);
  }

  close() {
    if (!this.view) return;
    const held = this.root.contains(document.activeElement);
    this.#clear();
    this.view = null;
    this.root.hidden = true;
    this.#cover(false);
    if (held) (this.opener?.isConnected ? this.opener : element("text")).focus();
    this.opener = null;
  }

  #clear() {
    this.wanted = this.found = this.effects = null;
    this.lines.clear();
  }

  // On a wide screen the panel lies over the memory's, which can't be reached meanwhile.
  #cover(open) {
    element("memory").inert = open && this.wide.matches;
  }

  async #ask(more) {
    try {
      const response = await fetch(`/turn/${this.view.id}/sources.json?token=${this.token}${more}`);
      const answer = await response.json();
      return response.ok ? answer : { fault: answer.error?.detail ?? say("traceFailed") };
    } catch {
      return { fault: say("traceFailed") };
    }
  }

  #view(turn) {
    return this.chat.views.find((view) => view.id === turn);
  }

  // The words of all turns, with the sum of their tokens' signed shares, strongest first.
  #sources({ bookkeeping }) {
    const groups = [];
    for (const row of bookkeeping) {
      const last = groups.at(-1);
      if (last && last.turn === row.turn && last.part === row.part) last.rows.push(row);
      else groups.push({ turn: row.turn, part: row.part, rows: [row] });
    }
    const places = new Map();
    const words = groups.flatMap(({ turn, part, rows }) => {
      const view = this.#view(turn);
      if (part === "change") return [this.#source(rows, say("traceChange"), turn, null)];
      return wordsOf(rows).map((word) => {
        const own = word.tokens.map((place) => rows[place]);
        const text = word.text || say("traceMark");
        const range = () => {
          if (!view || !word.text) return null;
          const key = `${turn} ${part}`;
          if (!places.has(key)) places.set(key, part === "prompt" ? ofMessage(view) : ofReply(view));
          return places.get(key).range(word.start, word.stop);
        };
        return this.#source(own, text, turn, range, part);
      });
    });
    const sorted = words.sort((a, b) => b.share - a.share).slice(0, MOST * 2);
    for (const word of sorted) {
      word.range = word.where?.() ?? null;
      if (word.range) word.go = () => this.#reveal(word.range);
    }
    return sorted;
  }

  #source(rows, text, turn, where, part = "") {
    const sum = rows.reduce((total, { share, logit }) => total + Math.sign(logit) * share, 0);
    const speaker = part === "prompt" ? say("traceYou") : part === "reply" ? say("traceBot") : "";
    const name = this.#turnName(turn);
    return { text, place: speaker ? say("tracePlace", { turn: name, speaker }) : name, share: Math.abs(sum), against: sum < 0, where };
  }

  #turnName(turn) {
    if (turn === this.view.id) return say("traceThis");
    const order = [...new Set(this.found.bookkeeping.map((row) => row.turn))];
    return say("traceTurn", { n: order.indexOf(turn) + 1 });
  }

  #turns() {
    const sums = new Map();
    for (const { turn, share, logit } of this.found.bookkeeping) sums.set(turn, (sums.get(turn) ?? 0) + Math.sign(logit) * share);
    sums.delete(this.view.id);
    panel.showTurns([...sums].map(([turn, share]) => ({
      name: this.#turnName(turn),
      text: [...(this.#view(turn)?.user.textContent ?? "")].slice(0, 40).join(""),
      share,
      delta: this.effects ? this.effects.get(turn) ?? null : undefined,
    })));
  }

  async #effect() {
    const { wanted } = this;
    panel.showEffect({ busy: true });
    const found = await this.#ask("&effect=1");
    if (wanted !== this.wanted) return;
    if (found.fault) return panel.showEffect({ fault: found.fault });
    this.effects = new Map(found.effect.map(({ turn, delta_logprob: delta }) => [turn, delta]));
    this.#turns();
    panel.showEffect({ correlation: found.rank_correlation, count: this.effects.size });
  }

  async #saliency() {
    const { wanted } = this;
    panel.showSaliency({ busy: true });
    const found = await this.#ask("&saliency=1");
    if (wanted !== this.wanted) return;
    if (found.fault) return panel.showSaliency({ fault: found.fault });
    this.slopes = new Map(found.saliency.map(({ turn, index, share }) => [`${turn} ${index}`, share]));
    // The same words, ranked by this share; it has no sign.
    const rows = this.found.bookkeeping.filter(({ turn, index }) => this.slopes.has(`${turn} ${index}`));
    const sources = this.#sources({ bookkeeping: rows.map((row) => ({ ...row, share: this.slopes.get(`${row.turn} ${row.index}`), logit: 1 })) }).slice(0, MOST);
    panel.showSaliency({ sources, rest: Math.max(0, 1 - sources.reduce((sum, { share }) => sum + share, 0)), farther: found.farther });
  }

  // The address of the word on the chat's public page; without a link to the chat, its dialog comes first.
  async #link(button) {
    const path = `/chat/${this.chat.id}/share/public/`;
    const facts = await fetch(path, { headers: { Accept: "application/json" } }).then((response) => response.json()).catch(() => ({}));
    if (!facts.url) return (await import("../share_dialog.js")).openShare(path, "chat", this.chat.id);
    await copy(`${facts.url}?turn=${new Set(this.found.bookkeeping.map(({ turn }) => turn)).size}&token=${this.token}`, button);
    const words = button.textContent;
    if (words === button.dataset.copied) return;
    button.textContent = button.dataset.copied;
    setTimeout(() => (button.textContent = words), 1500);
  }

  #reveal(range) {
    const node = range?.startContainer.parentElement;
    // Above the sheet of a narrow screen, with what is above the word in view.
    node?.scrollIntoView({ block: this.wide.matches ? "center" : "end", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }

  #csv() {
    const cell = (value) => (typeof value === "string" ? `"${value.replaceAll('"', '""')}"` : value ?? "");
    const rows = this.found.bookkeeping.map(({ turn, index, part, text, share, logit }) => [turn, index, part, text, share, logit, this.effects?.get(turn) ?? "", this.slopes?.get(`${turn} ${index}`) ?? ""]);
    return [["turn", "index", "part", "text", "share", "logit part (nats)", "turn left out: delta log-probability", "gradient share"], ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
  }
}

// The reply's tokens, as the strip has them; of a turn that isn't drawn yet as the server has them.
async function replyTokens(view) {
  if (view.strip.tokens.length) return view.strip.tokens;
  const response = await fetch(`/turn/${view.id}/gates.json`);
  if (!response.ok) return [];
  return (await response.json()).tokens.filter(({ part }) => part === "reply").slice(0, -1);
}
