// What the memory is made of: after each turn of the branch, each turn's share of a layer, stacked. The
// numbers are ledger.json's; they are fetched when the section comes into view.
import { colour } from "../shared/colour_ramp.js";
import { number } from "../shared/line_chart.js";
import { radios } from "../shared/radio_group.js";
import { saveBlob, saveText } from "../shared/save_file.js";
import { say } from "../shared/strings.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDE, HIGH] = [264, 112]; // of the drawing, in its own units
const HISTORY = 100; // turns up to which every earlier state is taken apart, too
// Of the turns in order: neighbours differ, and none but the trace's own is a gate's colour.
const HUES = ["--accent", "--line-strong", "--trace", "--muted"];
const NAMED = 3; // turns in the sentence, those with the largest shares
const element = (id) => document.getElementById(id);
const percents = new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 0 });
const percent = (share) => (share > 0 && share < 0.005 ? `< ${percents.format(0.01)}` : percents.format(share));

class MadeOf {
  constructor(chat) {
    this.chat = chat;
    this.layer = null; // the shown one; the last at first
    this.mark = null; // the turn that the pointer or the arrow keys are on
    this.root = element("made-of");
    this.svg = element("made-of-chart");
    this.tabs = radios(element("made-of-layers"), (value) => this.#choose(Number(value)));
    document.addEventListener("chat:head", ({ detail: { path } }) => {
      this.path = path;
      this.#look();
    });
    new IntersectionObserver(([entry]) => {
      this.seen = entry.isIntersecting;
      this.#look();
    }).observe(this.root);
    this.svg.addEventListener("pointermove", (event) => this.#point(event));
    this.svg.addEventListener("pointerleave", () => this.#note(null));
    this.svg.addEventListener("keydown", (event) => this.#key(event));
    this.svg.addEventListener("blur", () => this.#note(null));
    document.addEventListener("themechange", () => this.ledger && this.#draw(this.ledger));
    element("made-of-csv").addEventListener("click", () => saveText(this.#csv(), `made-of-${chat}.csv`));
    element("made-of-svg").addEventListener("click", () => saveBlob(new Blob([this.#picture()], { type: "image/svg+xml" }), `made-of-${chat}.svg`));
  }

  get head() { return this.path?.at(-1)?.id ?? null; }

  async #look() {
    if (!this.seen || !this.path || this.shown === this.head) return;
    const head = (this.shown = this.head);
    if (!head) return this.#draw({ layers: [] });
    if (!this.ledger?.layers.length) this.#tell(say("madeOfReads"), "");
    const history = this.path.length <= HISTORY ? "?history=1" : "";
    try {
      const response = await fetch(`/chat/${this.chat}/ledger.json${history}`);
      if (!response.ok) throw new Error(`status ${response.status}`);
      const ledger = await response.json();
      if (this.shown === head) this.#draw(ledger);
    } catch {
      if (this.shown === head) this.shown = null; // the next look retries
    }
  }

  #choose(layer) {
    this.layer = layer;
    this.#draw(this.ledger);
  }

  // One column a turn, from the bottom up what each turn so far has in the memory after it.
  #draw(ledger) {
    this.ledger = ledger;
    const { layers } = ledger;
    element("made-of-tools").classList.toggle("nothing", !layers.length); // its room stays: nothing below it moves
    this.svg.replaceChildren();
    this.mark = null;
    if (!layers.length || !layers[0].turns.length) {
      this.paths = [];
      this.#axis(0, 0);
      this.svg.setAttribute("aria-label", say("madeOfBlank"));
      return this.#tell(say("madeOfBlank"), "");
    }
    const layer = layers[this.layer ?? layers.length - 1];
    this.columns = layer.history ?? [layer.turns.map(({ share }) => share)];
    const count = layer.turns.length;
    const wide = WIDE / Math.max(this.columns.length, 4);
    const gap = wide > 6 ? 1 : 0;
    this.#axis(layer.history ? count : 1, wide);
    const paths = Array.from({ length: count }, () => "");
    this.columns.forEach((shares, k) => {
      let base = HIGH;
      shares.forEach((share, turn) => {
        const top = base - share * HIGH;
        paths[turn] += `M${(k * wide).toFixed(2)} ${base.toFixed(2)}h${(wide - gap).toFixed(2)}V${top.toFixed(2)}h${(gap - wide).toFixed(2)}z`;
        base = top;
      });
    });
    this.wide = wide;
    this.paths = paths.map((d, turn) => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("d", d);
      path.setAttribute("fill", `rgb(${colour(HUES[turn % HUES.length]).join(" ")})`);
      this.svg.append(path);
      return path;
    });
    this.shares = layer.turns.map(({ share }) => share);
    this.name = this.#layerName(layer.name);
    const ranked = this.shares.map((share, turn) => [share, turn]).sort((a, b) => b[0] - a[0]);
    const summary = (most) => say("madeOfSummary", {
      layer: this.name,
      list: ranked.slice(0, most).map(([part, at]) => `${say("traceTurn", { n: at + 1 })} ${percent(part)}`).map((words) => words.replaceAll(" ", "\u00a0")).join(say("comma")),
    });
    this.sentence = summary(NAMED);
    this.svg.setAttribute("aria-label", summary(8));
    this.#tell(this.sentence, say("madeOfResidual", { residual: number(layer.residual), rounding: number(layer.rounding) }));
  }

  // "now" is below the newest column, and "turn 1" below the first where that is another.
  #axis(columns, wide) {
    const axis = this.svg.nextElementSibling;
    axis.style.width = `${(100 * wide * columns) / WIDE}%`;
    axis.dataset.columns = Math.min(columns, 2);
  }

  #layerName(name) {
    const [kind, n] = name.split(" ");
    return say(kind === "block" ? "madeOfBlock" : "madeOfLayer", { n });
  }

  #tell(sentence, residual) {
    element("made-of-readout").textContent = sentence;
    element("made-of-residual").textContent = residual;
  }

  #note(turn) {
    if (!this.paths?.length || !this.shares) return;
    this.mark = turn;
    this.paths.forEach((path, k) => path.classList.toggle("faint", turn !== null && k !== turn));
    const share = turn === null ? 0 : this.shares[turn];
    element("made-of-readout").textContent =
      turn === null ? this.sentence : say("madeOfNow", { n: turn + 1, share: percent(share), layer: this.name });
  }

  #point(event) {
    const at = this.paths?.indexOf(event.target) ?? -1;
    this.#note(at < 0 ? null : at);
  }

  #key(event) {
    const last = (this.paths?.length ?? 0) - 1;
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? last : step && (this.mark ?? (step > 0 ? -1 : last + 1)) + step;
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.#note(Math.max(0, Math.min(last, to)));
  }

  #csv() {
    const rows = this.ledger.layers.flatMap(({ name, turns, history }) =>
      (history ?? [turns.map(({ share }) => share)]).flatMap((shares, k) =>
        shares.map((share, turn) => [`"${name}"`, history ? k + 1 : turns.length, turn + 1, turns[turn].turn, share])));
    return [["layer", "after turn", "turn", "id", "share"], ...rows].map((row) => row.join(",")).join("\n") + "\n";
  }

  #picture() {
    const copy = this.svg.cloneNode(true);
    copy.setAttribute("xmlns", SVG);
    copy.setAttribute("width", WIDE * 3);
    copy.setAttribute("height", HIGH * 3);
    copy.setAttribute("fill", getComputedStyle(this.svg).fill);
    const title = document.createElementNS(SVG, "title");
    title.textContent = this.svg.getAttribute("aria-label");
    copy.prepend(title);
    return new XMLSerializer().serializeToString(copy);
  }
}

if (element("made-of-chart")) new MadeOf(JSON.parse(element("page").textContent).chat);
