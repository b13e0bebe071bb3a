// How a chat's memory went, turn by turn along the head's branch: the norms of each layer, and what
// the turns cost beside a chat that reads its transcript again for every reply.
import { LineChart } from "./line_chart.js";
import { radios } from "./radios.js";
import { saveText } from "./save_file.js";
import { drawSparkline } from "./sparkline.js";
import { say } from "./strings.js";

const element = (id) => document.getElementById(id);
const whole = (value) => value.toLocaleString("en");

export class Course {
  constructor(chat) {
    this.chat = chat;
    this.turns = []; // root to head, as memory.json gives them, with what they add up to
    this.stateBytes = 0;
    this.shown = "tokens";
    this.costs = new LineChart(element("cost-chart"), element("cost-readout"));
    radios(element("cost-tabs"), (value) => {
      this.shown = value;
      this.#chartCosts();
    });
    element("memory-numbers").addEventListener("click", () => saveText(this.csv(), `memory-${chat}.csv`));
    // The reply has begun: how long that took as seen from here, until its turn is stored and says
    // what the server saw.
    document.addEventListener("chat:token", ({ detail: { wait } }) => {
      if (wait !== null) element("cost-wait").textContent = `${whole(Math.round(wait))} ms`;
    });
  }

  // The turns up to `head` (null: none). Only those are fetched that aren't known yet.
  async show(head) {
    const wanted = (this.wanted = Symbol());
    const known = this.turns.findIndex(({ turn }) => turn === head);
    let turns = this.turns.slice(0, known + 1);
    if (head && known < 0) {
      const last = this.turns.at(-1)?.turn;
      const response = await fetch(`/chat/${this.chat}/memory.json${last ? `?after=${last}` : ""}`);
      if (!response.ok) throw new Error(`status ${response.status}`);
      const fresh = await response.json();
      if (wanted !== this.wanted) return; // a newer one overtook this
      this.stateBytes = fresh.state_bytes;
      turns = [...(fresh.after ? this.turns : []), ...fresh.turns];
    }
    this.turns = addUp(turns);
    this.#write();
    this.#chartCosts();
    this.#drawNorms();
  }

  #write() {
    const last = this.turns.at(-1);
    const texts = last && {
      "cost-own": whole(last.tokens),
      "cost-fed": whole(last.fed),
      "cost-own-all": whole(last.fed),
      "cost-fed-all": whole(last.fedInAll),
      "cost-state": whole(this.stateBytes),
      "cost-text": whole(last.text),
      "cost-wait": last.first_token_ms === null ? "–" : `${whole(last.first_token_ms)} ms`,
      "cost-wait-fed": last.waitFed === null ? "–" : `≈ ${whole(last.waitFed)} ms`,
    };
    for (const id of ["own", "fed", "own-all", "fed-all", "state", "text", "wait", "wait-fed"]) {
      element(`cost-${id}`).textContent = texts?.[`cost-${id}`] ?? "–";
    }
    element("cost-pace").textContent = last?.pace ? say("pace", { ms: last.pace.toPrecision(2) }) : "";
    element("memory-numbers").hidden = !last;
  }

  #chartCosts() {
    const points = (of) => this.turns.map((turn, k) => [k + 1, of(turn)]).filter(([, y]) => y !== null);
    const own = { label: say("thisChat"), hue: "--accent" };
    const other = { label: say("refeeding"), hue: "--muted", dashed: true };
    const series = {
      tokens: [{ ...own, points: points((turn) => turn.tokens) }, { ...other, points: points((turn) => turn.fed) }],
      bytes: [{ ...own, points: points(() => this.stateBytes) }, { ...other, points: points((turn) => turn.text) }],
      wait: [
        { ...own, points: points((turn) => turn.first_token_ms) },
        { ...other, label: say("refeedingEstimate"), points: points((turn) => turn.waitFed) },
      ],
    }[this.shown];
    // At least a few turns wide, so that the scale doesn't change with every early turn.
    const x = { label: say("turn"), whole: true, min: 1, max: Math.max(4, this.turns.length) };
    this.costs.show({ x, y: { label: say(`cost_${this.shown}`), min: 0 }, series });
  }

  #drawNorms() {
    for (const [layer, row] of [...element("norms").rows].entries()) {
      for (const part of ["h", "c"]) {
        const values = [0, ...this.turns.map(({ norms }) => norms?.[part][layer] ?? null)]; // from blank
        const label = `|${part}|: ${values.slice(-8).map((value) => value?.toFixed(1) ?? "–").join(", ")}`;
        drawSparkline(row.querySelector(`.spark-${part}`), values, label);
      }
    }
  }

  csv() {
    const layers = [...element("norms").rows].map((_, layer) => layer);
    const names = layers.flatMap((layer) => [`h norm layer ${layer + 1}`, `c norm layer ${layer + 1}`]);
    const head = ["turn", "tokens", "tokens re-reading", "state bytes", "transcript bytes", "first token ms", "first token ms re-reading (estimate)", ...names];
    const rows = this.turns.map((turn, k) => [
      k + 1, turn.tokens, turn.fed, this.stateBytes, turn.text, turn.first_token_ms ?? "", turn.waitFed ?? "",
      ...layers.flatMap((layer) => [turn.norms?.h[layer] ?? "", turn.norms?.c[layer] ?? ""]),
    ]);
    return [head, ...rows].map((row) => row.join(",")).join("\n") + "\n";
  }
}

// fed: tokens of all turns so far, which is what re-feeding reads for this one; fedInAll: those
// readings added up; text: UTF-8 bytes of the transcript so far.
// pace: ms a token of the replies so far, as they were spoken here. To read a token and to say one
// both take one step of the LSTM, so waitFed, the first token's wait with the transcript read before
// it, is the wait as it was and the pace for each token of the turns before: an estimate.
function addUp(turns) {
  let [fed, fedInAll, text, spoken, said] = [0, 0, 0, 0, 0];
  return turns.map((turn) => {
    const before = fed;
    fed += turn.tokens;
    fedInAll += fed;
    text += turn.text_bytes;
    if (turn.spoken_ms !== null) {
      spoken += turn.spoken_ms;
      said += turn.reply_tokens;
    }
    const pace = said ? spoken / said : null;
    const waitFed = turn.first_token_ms === null || pace === null ? null : Math.round(turn.first_token_ms + before * pace);
    return { ...turn, fed, fedInAll, text, pace, waitFed };
  });
}
