// Requests the map that the address names while the page is still being parsed; main.js, which draws
// it, waits for the whole page.
import { FIRST } from "./cell.js";
import { Maps } from "./gate_map.js";
import { elsewhere, read } from "./permalink.js";

// The only part of the page's data on the turn that is here already.
const known = document.querySelector("script[data-layers]").dataset;
const layers = Number(known.layers);
const shown = known.window ? JSON.parse(known.window) : null;

// A link to a token of a very long turn leads to the window that shows it.
export function go(hash, window) {
  const to = elsewhere(hash, window);
  if (to) location.replace(`?window=${to}${hash}`);
  return Boolean(to);
}

export const maps = new Maps(location.pathname.split("/")[2], shown?.number);
export const leaving = go(location.hash, shown);

const last = layers - 1;
const { gate = FIRST, layer = last } = read(location.hash, { layers, units: 0, tokens: 0, split: 0, siblings: [] });
if (!leaving) maps.get(gate, layer === "all" ? last : layer).catch(() => {}); // the code that draws it asks again and reports
