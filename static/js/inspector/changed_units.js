// The heatmap in words: the units of a layer whose memory changed most.
import { LAYERS } from "./cell.js";
import { TELLING, number } from "./gate_map.js";
import { grouped } from "../shared/numbers.js";
import { say } from "../shared/strings.js";

const element = (id) => document.getElementById(id);

export function tokensLong(timescale) {
  return timescale >= 9999.5 ? `>${grouped(9999)}` : timescale < 9.95 ? timescale.toFixed(1) : grouped(Math.round(timescale));
}

// text(token) -> the token as a node; choose(unit, token): a row was clicked
export function mostChanged(map, layer, text, choose) {
  element("most-layer").textContent = say("layer", { n: layer + 1 });
  const { memory, write, keep } = LAYERS[layer];
  const { [`${memory}_before`]: before, [`${memory}_after`]: after, timescale, moved_at } = map.figures;
  const means = [write, keep].filter(Boolean).map((gate) => map.figures[`mean_${gate}`]);
  const rows = map.units / before.length; // of a unit
  const units = [...new Set([...map.order("change")].map((row) => map.unitOf(row)))].slice(0, TELLING);
  element("most").replaceChildren(...units.map((unit) => {
    const row = document.createElement("tr");
    const head = row.appendChild(document.createElement("th"));
    head.scope = "row";
    const button = head.appendChild(document.createElement("button"));
    Object.assign(button, { type: "button", className: "link", textContent: unit });
    button.addEventListener("click", () => choose(unit * rows, moved_at[unit]));
    const values = [before[unit], after[unit], after[unit] - before[unit], ...means.map((mean) => mean[unit])];
    const spans = keep ? [tokensLong(timescale[unit])] : [];
    for (const content of [...values.map((v) => number(v)), ...spans, text(moved_at[unit])]) {
      row.appendChild(document.createElement("td")).append(content);
    }
    return row;
  }));
}
