// The history of a chat's memory, turn by turn along the head's branch: the norms of each layer, and
// the turns' cost beside a chat that reads its transcript again for every reply and beside a
// Transformer of equal size that keeps its key-value cache.
import { LineChart } from "../shared/line_chart.js";
import { grouped, size } from "../shared/numbers.js";
import { radios } from "../shared/radio_group.js";
import { saveText } from "../shared/save_file.js";
import { drawSparkline } from "../shared/sparkline.js";
import { say } from "../shared/strings.js";

const element = (id) => document.getElementById(id);
const NUMBER = 4; // bytes of a float32, in which the state is kept

export class Course {
  constructor(chat, { num_layers: layers, hidden_size: width, parts }) {
    this.chat = chat;
    this.parts = parts.map(({ name }) => name);
    this.cachePerToken = 2 * layers * width * NUMBER; // a key and a value
    this.turns = []; // root to head, as in memory.json, with their running totals
    this.stateBytes = 0;
    this.readingMs = null; // ms a token of a prompt, as measured by the server
    this.shown = "tokens";
    this.costs = new LineChart(element("cost-chart"), element("cost-readout"));
    radios(element("cost-tabs"), (value) => {
      this.shown = value;
      this.#chartCosts();
    });
    element("memory-numbers").addEventListener("click", () => saveText(this.csv(), `memory-${chat}.csv`));
    // The reply has begun: the time until then as measured here, until its turn is stored with the
    // server's measure.
    document.addEventListener("chat:token", ({ detail: { wait } }) => {
      if (wait !== null) element("cost-wait").textContent = `${grouped(Math.round(wait))} ms`;
    });
  }

  // The turns up to `head` (null: none). Only unknown ones are fetched.
  async show(head) {
    const wanted = (this.wanted = Symbol());
    const known = this.turns.findIndex(({ turn }) => turn === head);
    let turns = this.turns.slice(0, known + 1);
    if (head && known < 0) {
      const last = this.turns.at(-1)?.turn;
      const response = await fetch(`/chat/${this.chat}/memory.json${last ? `?after=${last}` : ""}`);
      if (!response.ok) throw new Error(`status ${response.status}`);
      const fresh = await response.json();
      if (wanted !== this.wanted) return; // a newer request overtook this
      this.stateBytes = fresh.state_bytes;
      this.readingMs = fresh.reading_ms ?? this.readingMs;
      turns = [...(fresh.after ? this.turns : []), ...fresh.turns];
    }
    this.turns = addUp(turns, this.readingMs);
    this.#write();
    this.#chartCosts();
    this.#drawNorms();
  }

  #write() {
    const last = this.turns.at(-1);
    const texts = last && {
      "cost-own": grouped(last.tokens),
      "cost-fed": grouped(last.fed),
      "cost-cached": grouped(last.tokens), // it reads nothing twice either
      "cost-own-all": grouped(last.fed),
      "cost-fed-all": grouped(last.fedInAll),
      "cost-cached-all": grouped(last.fed),
      "cost-state": size(this.stateBytes),
      "cost-text": size(last.text),
      "cost-cache": size(this.#cache(last)),
      "cost-wait": last.first_token_ms === null ? "–" : `${grouped(last.first_token_ms)} ms`,
      "cost-wait-fed": last.waitFed === null ? "–" : `≈ ${grouped(last.waitFed)} ms`,
    };
    for (const id of ["own", "fed", "cached", "own-all", "fed-all", "cached-all", "state", "text", "cache", "wait", "wait-fed"]) {
      element(`cost-${id}`).textContent = texts?.[`cost-${id}`] ?? "–";
    }
    element("cost-pace").textContent = last && this.readingMs ? say("pace", { ms: this.readingMs.toPrecision(2) }) : "";
    element("memory-numbers").hidden = !last;
    element("cost-larger").replaceChildren(...this.#larger().map((sentence) => {
      const item = document.createElement("li");
      item.textContent = sentence;
      return item;
    }));
  }

  #cache({ fed }) {
    return this.cachePerToken * fed;
  }

  // The turn from which on each of the others costs more than this chat.
  #larger() {
    const { turns, stateBytes } = this;
    if (!turns.length) return [];
    const from = (costs) => turns.findIndex(costs) + 1; // 0: not so far
    const [fed, text, cache] = [
      from((turn) => turn.fed > turn.tokens), from((turn) => turn.text > stateBytes), from((turn) => this.#cache(turn) > stateBytes),
    ];
    const each = turns.at(-1).text / turns.length;
    return [
      fed && say("largerTokens", { n: fed }),
      text ? say("largerText", { n: text }) : each && say("largerTextLater", { n: Math.floor(stateBytes / each) + 1 }),
      cache && say("largerCache", { n: cache }),
    ].filter(Boolean);
  }

  #chartCosts() {
    const points = (of) => this.turns.map((turn, k) => [k + 1, of(turn)]).filter(([, y]) => y !== null);
    const own = { label: say("thisChat"), hue: "--accent" };
    const other = { label: say("refeeding"), hue: "--muted", dashed: true };
    const series = {
      tokens: [{ ...own, points: points((turn) => turn.tokens) }, { ...other, points: points((turn) => turn.fed) }],
      bytes: [
        { ...own, points: points(() => this.stateBytes) }, { ...other, points: points((turn) => turn.text) },
        { label: say("cache"), hue: "--gate-f", dashed: true, points: points((turn) => this.#cache(turn)) },
      ],
      wait: [
        { ...own, points: points((turn) => turn.first_token_ms) },
        { ...other, label: say("refeedingEstimate"), points: points((turn) => turn.waitFed) },
      ],
    }[this.shown];
    // At least a few turns wide, so that the scale doesn't change with every early turn.
    const x = { label: say("turn"), whole: true, min: 1, max: Math.max(4, this.turns.length) };
    // A cache is thousands of times its text: only a logarithm shows both.
    const y = { label: say(`cost_${this.shown}`), ...(this.shown === "bytes" ? { log: true } : { min: 0 }) };
    this.costs.show({ x, y, series, empty: say("noTurns") });
  }

  #drawNorms() {
    for (const [layer, row] of [...element("norms").rows].entries()) {
      for (const part of this.parts) {
        const values = [0, ...this.turns.map(({ norms }) => norms?.[part][layer] ?? null)]; // from blank
        const label = `|${part}|: ${values.slice(-8).map((value) => value?.toFixed(1) ?? "–").join(", ")}`;
        drawSparkline(row.querySelector(`[data-part="${part}"]`), values, label);
      }
      const moved = [0, ...this.turns.map((turn) => turn.moved?.[layer] ?? null)];
      const spark = row.querySelector("[data-moved]");
      drawSparkline(spark, moved, `${spark.dataset.moved}: ${moved.slice(-8).map((value) => value?.toFixed(1) ?? "–").join(", ")}`);
    }
  }

  csv() {
    const layers = [...element("norms").rows].map((_, layer) => layer);
    const names = layers.flatMap((layer) => this.parts.map((part) => `${part} norm layer ${layer + 1}`));
    const head = ["turn", "tokens", "tokens re-reading", "state bytes", "transcript bytes", "key-value cache bytes (float32 Transformer of equal size)", "first token ms", "first token ms re-reading (estimate)", ...names];
    const rows = this.turns.map((turn, k) => [
      k + 1, turn.tokens, turn.fed, this.stateBytes, turn.text, this.#cache(turn), turn.first_token_ms ?? "", turn.waitFed ?? "",
      ...layers.flatMap((layer) => this.parts.map((part) => turn.norms?.[part][layer] ?? "")),
    ]);
    return [head, ...rows].map((row) => row.join(",")).join("\n") + "\n";
  }
}

// fed: tokens of all turns so far, which re-feeding reads for this one; fedInAll: the sum of those
// readings; text: UTF-8 bytes of the transcript so far.
// waitFed, the first token's wait with the transcript read before it, is the actual wait and
// `readingMs` for each token of the turns before: an estimate.
function addUp(turns, readingMs) {
  let [fed, fedInAll, text] = [0, 0, 0];
  return turns.map((turn) => {
    const before = fed;
    fed += turn.tokens;
    fedInAll += fed;
    text += turn.text_bytes;
    const waitFed = turn.first_token_ms === null || readingMs === null ? null : Math.round(turn.first_token_ms + before * readingMs);
    return { ...turn, fed, fedInAll, text, waitFed };
  });
}
