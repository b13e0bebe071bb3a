// Rows that belong together: units by their timescale, or the rows of one head of a matrix memory.
import { LAYERS } from "./cell.js";
import { tokensLong } from "./changed_units.js";
import { say } from "../shared/strings.js";

const EDGES = [Infinity, 100, 30, 10, 3, 1, 0]; // tokens

// order: row numbers from the top. -> [{from, to, label, title}], or [] where the order groups nothing.
export function bandsOf(map, order, sort) {
  const { matrix, keep, units } = LAYERS[map.layer];
  if (matrix && ["timescale", "index"].includes(sort)) return heads(map, order, keep, units);
  return sort === "timescale" && keep ? timescales(map, order) : [];
}

function heads(map, order, keep, units) {
  const rows = map.units / units;
  return Array.from({ length: units }, (_, k) => {
    const head = map.unitOf(order[k * rows]);
    const label = say("head", { n: head + 1 });
    const title = keep ? `${label}: ${say("tokensLong", { span: tokensLong(map.figures.timescale[head]) })}` : label;
    return { from: k * rows, to: (k + 1) * rows, label, title };
  });
}

function timescales(map, order) {
  const { timescale } = map.figures;
  const bands = [];
  let row = 0;
  for (let k = 1; k < EDGES.length; k += 1) {
    const [high, low] = [EDGES[k - 1], EDGES[k]];
    const from = row;
    while (row < order.length && (timescale[map.unitOf(order[row])] >= low || low === 0)) row += 1;
    if (row === from) continue;
    const label = high === Infinity ? `≥ ${low}` : low === 0 ? `< ${high}` : `${low}–${high}`;
    bands.push({ from, to: row, label, title: say("band", { span: label, units: say("units", { n: row - from }) }) });
  }
  return bands;
}
