// Asks for the map that the address names while the page is still being read; gates.js, which draws
// it, waits for all of the page.
import { Maps } from "./gate_map.js";
import { read } from "./permalink.js";

// Of what the page knows about the turn only this is here already.
const layers = Number(document.querySelector("script[data-layers]").dataset.layers);

export const maps = new Maps(location.pathname.split("/")[2]);

const { gate = "f", layer = 0 } = read(location.hash, { layers, units: 0, tokens: 0, split: 0, siblings: [] });
maps.get(gate, layer === "all" ? 0 : layer).catch(() => {}); // whoever draws it asks again and tells
