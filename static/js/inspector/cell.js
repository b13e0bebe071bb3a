// The model's cell: its gates with their bounds and hues, and which of them carries the memory, writes
// to it and keeps it. From a script tag in the head, so that it is known before the page is parsed.
const cell = JSON.parse(document.querySelector("script[data-cell]").dataset.cell);
const of = (field) => Object.fromEntries(cell.gates.map((gate) => [gate.name, field(gate)]));

export const GATES = cell.gates.map(({ name }) => name);
export const SIGNED = of(({ low }) => low === null || low < 0);
export const BOUNDED = of(({ low }) => low !== null);
export const HUES = of(({ hue }) => `--gate-${hue}`);
export const LABELS = of(({ label }) => label);
export const MEANINGS = of(({ meaning }) => meaning);
export const { first: FIRST, strip: STRIP, memory: MEMORY, write: WRITE, keep: KEEP } = cell;

// What a layer has of its own: {gates: {name: its gate}, units, memory, write, keep, matrix}.
export const LAYERS = cell.layers.map((layer) => ({
  ...layer, gates: Object.fromEntries(layer.gates.map((gate) => [gate.name, gate])),
}));
export const layersWith = (gate) => [...LAYERS.keys()].filter((layer) => gate in LAYERS[layer].gates);
