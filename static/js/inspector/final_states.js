// What two turns left in memory, beside each other: how far apart, and in which units.
import { number } from "./gate_map.js";

const SHOWN = 5; // units of a layer
const element = (id) => document.getElementById(id);

// layers: those of difference.json, or null to hide the table
export function finalStates(layers) {
  element("final").hidden = !layers;
  if (!layers) return;
  element("final-rows").replaceChildren(...layers.map(({ distance, own, other, units }, k) => {
    const row = document.createElement("tr");
    const head = row.appendChild(document.createElement("th"));
    Object.assign(head, { scope: "row", textContent: k + 1 });
    const named = units.slice(0, SHOWN).map((one) => `${one.unit} (${number(one.own, 2)} → ${number(one.other, 2)})`).join("  ");
    for (const text of [number(distance, 2), number(own, 2), number(other, 2), named]) row.appendChild(document.createElement("td")).textContent = text;
    return row;
  }));
}
