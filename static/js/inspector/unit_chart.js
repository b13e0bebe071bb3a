// One unit over the tokens of the turn: a line for each chosen gate, all of them as CSV.
import { HUES, LABELS, LAYERS, SIGNED, STRIP } from "./cell.js";
import { plotPicture } from "./export_png.js";
import { LineChart } from "../shared/line_chart.js";
import { savePicture, saveText } from "../shared/save_file.js";
import { say } from "../shared/strings.js";

const element = (id) => document.getElementById(id);

// A spreadsheet would run a cell that begins like a formula.
const cell = (text) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;

export class UnitLine {
  // words: {turn, message: the turn's, checkpoint: its name, checkpointId, window: that of a very long turn or none,
  // split, tokens: their texts, ids: their ids}
  constructor(words, pointed) {
    Object.assign(this, words);
    this.first = words.window?.first ?? 0; // the place in the turn of the first token
    this.chart = new LineChart(element("line"), element("line-value"));
    element("line").addEventListener("mark", ({ detail }) => detail !== null && pointed(detail - 1 - this.first));
    this.boxes = [...element("line-gates").querySelectorAll("input")];
    element("line-gates").addEventListener("change", () => {
      this.touched = true;
      this.#draw();
    });
    element("line-csv").addEventListener("click", () => saveText(this.csv(), `${this.name()}.csv`));
    element("line-png").addEventListener("click", () => savePicture(this.picture(), `${this.name()}.png`));
  }

  name() {
    const tokens = this.window ? `-tokens-${this.first + 1}-${this.window.stop}` : "";
    return `turn-${this.turn.slice(0, 8)}${tokens}-layer-${this.shown.layer + 1}-unit-${this.shown.unit}`;
  }

  picture() {
    const tokens = say("tokens", { n: this.tokens.length });
    return plotPicture({
      title: say("unitName", { unit: String(this.shown.unit), layer: this.shown.layer + 1 }),
      subtitle: say("plotNote", { text: this.message, tokens, name: this.checkpoint }),
      chart: this.chart,
      lines: this.drawn.map((gate) => ({ label: `${gate} ${LABELS[gate]}`, hue: HUES[gate] })),
    });
  }

  // unit: {layer, unit} or null; gate: that of the map, which is always among the lines
  async show(unit, gate) {
    // By default the lines are those that share the map's scale.
    const usual = STRIP.includes(gate) ? STRIP : [gate];
    for (const box of this.boxes) box.checked = this.touched ? box.checked || box.value === gate : usual.includes(box.value);
    element("unit").classList.toggle("empty", !unit);
    if (!unit) {
      element("unit").removeAttribute("aria-busy");
      this.shown = null;
      return;
    }
    const same = this.shown && this.shown.layer === unit.layer && this.shown.unit === unit.unit;
    if (!same) {
      this.shown = { ...unit };
      const wanted = this.shown;
      const name = say("unitName", { unit: String(unit.unit), layer: unit.layer + 1 });
      element("unit").setAttribute("aria-busy", "true");
      // Until its values are there, nothing that is drawn belongs to it.
      for (const id of ["line-csv", "line-png"]) element(id).disabled = true;
      try {
        const answer = await fetch(`/turn/${this.turn}/unit.json?layer=${unit.layer}&unit=${unit.unit}${this.window ? `&window=${this.window.number}` : ""}`);
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        wanted.gates = (await answer.json()).gates;
      } catch {
        wanted.failed = true;
      }
      if (this.shown !== wanted) return; // another was chosen meanwhile, or none
      element("unit").removeAttribute("aria-busy");
      // The name changes with the lines, so that no unit's name stands over another's lines.
      element("unit-name").textContent = wanted.failed ? say("failedPart") : name;
      element("unit-link").href = `/checkpoint/${this.checkpointId}/layer/${unit.layer + 1}/unit/${unit.unit}/`;
      if (wanted.failed) this.shown = null;
    }
    this.#draw();
  }

  #draw() {
    const gates = this.shown?.gates;
    for (const id of ["line-csv", "line-png"]) element(id).disabled = !gates;
    if (!gates) return;
    for (const box of this.boxes) box.parentElement.hidden = !(box.value in gates);
    // The map's gate may have no value per unit (k of a head has many): the usual lines stand in.
    if (!this.boxes.some(({ checked, value }) => checked && value in gates) && !this.touched) {
      for (const box of this.boxes) box.checked = STRIP.includes(box.value);
    }
    const drawn = this.boxes.filter(({ checked, value }) => checked && value in gates).map(({ value }) => value);
    this.drawn = drawn;
    // A bounded gate is drawn between its bounds, so that the lines of two units compare.
    const own = LAYERS[this.shown.layer].gates;
    const ends = drawn.some((gate) => own[gate].high === null) ? {} : { min: drawn.some((gate) => SIGNED[gate]) ? -1 : 0, max: 1 };
    this.chart.show({
      x: { label: say("axisToken"), whole: true },
      y: { label: say("axisValue"), ...ends },
      series: drawn.map((gate) => ({
        label: gate, hue: HUES[gate], points: gates[gate].map((v, t) => [this.first + t + 1, v]),
      })),
    });
  }

  csv() {
    const gates = Object.keys(this.shown.gates);
    const rows = this.tokens.map((text, t) => [
      this.first + t + 1, this.ids[t], cell(text), t < this.split ? "prompt" : "reply", ...gates.map((gate) => this.shown.gates[gate][t]),
    ]);
    return [["token", "token_id", "text", "part", ...gates], ...rows].map((row) => row.join(",")).join("\n") + "\n";
  }
}
