// The heatmap in words: the units of a layer whose memory changed most.
import { KEEP, MEMORY, WRITE } from "./cell.js";
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
  const { [`${MEMORY}_before`]: before, [`${MEMORY}_after`]: after, timescale, moved_at } = map.figures;
  const means = [WRITE, KEEP].filter(Boolean).map((gate) => map.figures[`mean_${gate}`]);
  element("most").replaceChildren(...map.mostChanged(TELLING).map((unit) => {
    const row = document.createElement("tr");
    const head = row.appendChild(document.createElement("th"));
    head.scope = "row";
    const button = head.appendChild(document.createElement("button"));
    Object.assign(button, { type: "button", className: "link", textContent: unit });
    button.addEventListener("click", () => choose(unit, moved_at[unit]));
    const values = [before[unit], after[unit], after[unit] - before[unit], ...means.map((mean) => mean[unit])];
    const spans = KEEP ? [tokensLong(timescale[unit])] : [];
    for (const content of [...values.map((v) => number(v)), ...spans, text(moved_at[unit])]) {
      row.appendChild(document.createElement("td")).append(content);
    }
    return row;
  }));
}
