// The view's state, as the part of the address behind #: #gate=f&layer=2&unit=340&token=8&sort=mean.
// Layers and tokens count from 1 there, as on the page; units from 0. With all layers shown the unit
// has its own: unit=2.340; unit=none is a cleared one. `reply=K` (from a strip) is the K-th token of the reply, from 0.
import { GATES } from "./cell.js";
import { OPENING_SORT, SORTS } from "./gate_map.js";

const NO_UNIT = "none";
const whole = (text, below) => (/^\d{1,6}$/.test(text ?? "") && Number(text) < below ? Number(text) : null);

// -> {gate, layer, sort, unit: {layer, unit} or null (none), token or null, other, mode}; a missing or
// invalid part is undefined, of a token or another reply null. Of a very long turn only a window is shown: tokens count within
// it there, and in the address over the whole turn.
export function read(hash, { layers, units, tokens, split, window, siblings }) {
  const parts = new URLSearchParams(hash.slice(1));
  const choice = (name, allowed) => (allowed.includes(parts.get(name)) ? parts.get(name) : undefined);
  const place = (text, below) => {
    const n = whole(text, below + 1);
    return n ? n - 1 : null;
  };
  const layer = parts.get("layer") === "all" ? "all" : place(parts.get("layer"), layers) ?? undefined;
  const [first, second] = (parts.get("unit") ?? "").split(".");
  const of = second === undefined ? layer : place(first, layers);
  const unit = whole(second ?? first, units);
  const token = tokenOf(parts, window ? { tokens: window.total, split: window.split } : { tokens, split });
  const shown = token === null ? null : token - (window?.first ?? 0);
  return {
    gate: choice("gate", GATES),
    // An address that names a gate and no order is one by mean: it was left out of it.
    sort: choice("sort", SORTS) ?? (parts.has("gate") && !parts.has("sort") ? "mean" : OPENING_SORT),
    mode: choice("mode", ["side", "difference"]),
    layer,
    unit: parts.get("unit") === NO_UNIT ? null : unit !== null && typeof of === "number" ? { layer: of, unit } : undefined,
    token: shown !== null && shown >= 0 && shown < tokens ? shown : null,
    other: siblings.find(({ id, own }) => !own && id === parts.get("with"))?.id ?? null,
  };
}

// The place in the turn that the address names, or null.
function tokenOf(parts, { tokens, split }) {
  const reply = whole(parts.get("reply"), tokens - split);
  if (reply !== null) return split + reply;
  const n = whole(parts.get("token"), tokens + 1);
  return n ? n - 1 : null;
}

// The number of another window that shows the token which the address names, or null.
export function elsewhere(hash, window) {
  const token = window && tokenOf(new URLSearchParams(hash.slice(1)), { tokens: window.total, split: window.split });
  if (token === null || (token >= window.first && token < window.stop)) return null;
  return Math.min(Math.floor(token / window.size) + 1, window.count);
}

// first: of the window that is shown, its place in the turn
export function write({ gate, layer, sort, unit, token, other, mode }, first = 0) {
  const parts = new URLSearchParams({ gate, layer: layer === "all" ? "all" : layer + 1 });
  if (unit === null) parts.set("unit", NO_UNIT);
  else if (unit) parts.set("unit", layer === "all" ? `${unit.layer + 1}.${unit.unit}` : unit.unit);
  if (token !== null) parts.set("token", first + token + 1);
  if (sort !== "mean") parts.set("sort", sort);
  if (other) {
    parts.set("with", other);
    parts.set("mode", mode);
  }
  return `#${parts}`;
}
