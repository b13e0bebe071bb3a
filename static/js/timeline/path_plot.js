// The path of one layer's memory in a plane, as SVG: each turn a link, so that Tab and Enter reach it.
// Colours are attributes of their own, so that the saved file has them.
import { colour } from "../shared/colour_ramp.js";
import { number } from "../shared/line_chart.js";
import { say } from "../shared/strings.js";

const NS = "http://www.w3.org/2000/svg";
const PAD = 44;
const [LEAST, MOST] = [280, 560]; // px of a side: drawn at its own size, so that its words can be read
const LETTER = 8; // px, about, of 13 px type

const rgb = (name) => `rgb(${colour(name).join()})`;

function node(parent, tag, attributes = {}, text = "") {
  const made = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  parent?.append(made);
  return made;
}

// layer: of the answer; states: [{number, label, turn}], the blank memory first
export function drawPath(box, { path, explained }, states, { layer, hue }) {
  const side = Math.round(Math.max(LEAST, Math.min(MOST, box.clientWidth || MOST)));
  const [WIDE, HIGH] = [side, side];
  const svg = node(null, "svg", { xmlns: NS, viewBox: `0 0 ${WIDE} ${HIGH}`, role: "group", "aria-label": say("pathLabel", { layer: layer + 1 }), "font-family": "system-ui, sans-serif" });
  node(svg, "rect", { width: WIDE, height: HIGH, fill: rgb("--raised") });
  // One scale for both axes, so that distances are those of the plane.
  const [xs, ys] = [0, 1].map((axis) => path.map((point) => point[axis]));
  const span = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys), 1e-9);
  const scale = (Math.min(WIDE, HIGH) - 2 * PAD) / span;
  const middle = (values) => (Math.max(...values) + Math.min(...values)) / 2;
  const place = ([x, y]) => [WIDE / 2 + (x - middle(xs)) * scale, HIGH / 2 - (y - middle(ys)) * scale];
  const points = path.map(place);
  for (const [attributes, axis] of [
    [{ x: WIDE / 2, y: HIGH - 12, "text-anchor": "middle" }, 0],
    [{ x: 0, y: 0, "text-anchor": "middle", transform: `translate(18 ${HIGH / 2}) rotate(-90)` }, 1],
  ]) {
    node(svg, "text", { ...attributes, fill: rgb("--muted"), "font-size": 13 }, say("axis", { n: axis + 1, share: `${(100 * explained[axis]).toFixed(0)}%` }));
  }
  // In a window of later turns the blank memory isn't what the first of them followed.
  const joined = states[1]?.number === 1 ? points : points.slice(1);
  node(svg, "polyline", { points: joined.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" "), fill: "none", stroke: rgb("--line-strong"), "stroke-width": 1.5, "stroke-linejoin": "round" });
  // Of the names that would lie over another, the state's that comes first in this order is written.
  const order = [...new Set([points.length - 1, 0, ...points.keys()])];
  const named = new Map();
  for (const k of order) {
    const [[x, y], text] = [points[k], k === 0 ? states[k].label : String(states[k].number)];
    const left = k === 0 && x + 9 + text.length * LETTER > WIDE;
    const from = left ? x - 9 - text.length * LETTER : x + 9;
    const own = { text, left, from, to: from + text.length * LETTER, top: y - 20, bottom: y - 4 };
    const free = [...named.values()].every(({ from: start, to, top, bottom }) => own.to < start || own.from > to || own.bottom < top || own.top > bottom);
    if (free) named.set(k, own);
  }
  points.forEach(([x, y], k) => {
    const { number: turn, label, turn: id } = states[k];
    const last = k === points.length - 1;
    const part = id ? node(svg, "a", { href: `/turn/${id}/`, "aria-label": say("turnLabel", { n: turn, text: label }) }) : node(svg, "g");
    node(part, "title", {}, `${k ? say("turnLabel", { n: turn, text: label }) : label} (${number(path[k][0])}, ${number(path[k][1])})`);
    // A larger field than the dot, for fingers.
    if (id) node(part, "circle", { cx: x, cy: y, r: 14, fill: "transparent", stroke: "none" });
    node(part, "circle", { cx: x, cy: y, r: last ? 7 : 5, fill: k === 0 ? rgb("--raised") : rgb(last ? "--accent" : hueName(hue)), stroke: k === 0 ? rgb("--text") : rgb("--raised"), "stroke-width": 1.5 });
    if (!named.has(k)) return;
    const { text, left } = named.get(k);
    node(part, "text", { x: left ? x - 9 : x + 9, y: y - 8, "text-anchor": left ? "end" : "start", fill: rgb("--text"), "font-size": 13, "paint-order": "stroke", stroke: rgb("--raised"), "stroke-width": 3 }, text);
  });
  box.replaceChildren(svg);
}

const hueName = (hue) => `--gate-${hue}`;

export function pathCsv({ path }, states, cell) {
  const lines = path.map(([x, y], k) => [states[k].number, states[k].turn ?? "", cell(states[k].label), x, y].join(","));
  return ["turn,id,text,component_1,component_2", ...lines].join("\n") + "\n";
}
