// What is shown, as the part of the address behind #: #gate=f&layer=2&unit=340&token=8&sort=mean.
// Layers and tokens count from 1 there, as on the page; units from 0. With all layers shown the unit
// names its own: unit=2.340. `reply=K` (from a strip) is the K-th token of the reply, from 0.
import { GATES, SORTS } from "./gate_map.js";

const whole = (text, below) => (/^\d{1,6}$/.test(text ?? "") && Number(text) < below ? Number(text) : null);

// -> {gate, layer, sort, unit: {layer, unit} or null, token or null, other, mode}; whatever is
// missing, or isn't there to be shown, is undefined or null.
export function read(hash, { layers, units, tokens, split, siblings }) {
  const said = new URLSearchParams(hash.slice(1));
  const one = (name, allowed) => (allowed.includes(said.get(name)) ? said.get(name) : undefined);
  const place = (text, below) => {
    const n = whole(text, below + 1);
    return n ? n - 1 : null;
  };
  const layer = said.get("layer") === "all" ? "all" : place(said.get("layer"), layers) ?? undefined;
  const [first, second] = (said.get("unit") ?? "").split(".");
  const of = second === undefined ? layer : place(first, layers);
  const unit = whole(second ?? first, units);
  const reply = whole(said.get("reply"), tokens - split);
  return {
    gate: one("gate", GATES),
    sort: one("sort", SORTS),
    mode: one("mode", ["side", "difference"]),
    layer,
    unit: unit !== null && typeof of === "number" ? { layer: of, unit } : null,
    token: reply === null ? place(said.get("token"), tokens) : split + reply,
    other: siblings.find(({ id, own }) => !own && id === said.get("with"))?.id ?? null,
  };
}

export function write({ gate, layer, sort, unit, token, other, mode }) {
  const said = new URLSearchParams({ gate, layer: layer === "all" ? "all" : layer + 1 });
  if (unit) said.set("unit", layer === "all" ? `${unit.layer + 1}.${unit.unit}` : unit.unit);
  if (token !== null) said.set("token", token + 1);
  if (sort !== SORTS[0]) said.set("sort", sort);
  if (other) {
    said.set("with", other);
    said.set("mode", mode);
  }
  return `#${said}`;
}
