// The path of the state in a plane while a sentence is read, and then written: SVG, a dot a word.
import { colour } from "../shared/colour_ramp.js";
import { elided } from "../shared/graphemes.js";
import { say } from "../shared/strings.js";

const NS = "http://www.w3.org/2000/svg";
const PAD = 28;
const HIGH = 300;
const LONGEST = 10; // characters of a name
const rgb = (name) => `rgb(${colour(name).join()})`;

function node(parent, tag, attributes = {}, text = "") {
  const made = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  parent?.append(made);
  return made;
}

// About the pixels of 12 px type: a Chinese character is twice as wide as a letter.
const broad = (text) => [...text].reduce((sum, char) => sum + (char.codePointAt(0) > 0x2e7f ? 12 : 7), 0);

// points: [x, y] each; names: of each point; read: how many of them belong to the source.
export function drawStatePath(box, { points, names, read, explained }, { chosen = null, shown = points.length } = {}) {
  const wide = Math.max(260, Math.round(box.clientWidth || 360));
  const svg = node(null, "svg", { viewBox: `0 0 ${wide} ${HIGH}`, role: "img", "aria-label": say("pathOf", { read: names.slice(1, read).join(" "), written: names.slice(read).join(" ") }) });
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
  const range = (values) => [Math.min(...values), Math.max(Math.max(...values), Math.min(...values) + 1e-9)];
  const [[left, right], [low, high]] = [range(xs), range(ys)];
  // One scale for both axes, so that distances are those of the plane.
  const scale = Math.min((wide - 2 * PAD) / (right - left), (HIGH - 2 * PAD) / (high - low));
  const at = ([x, y]) => [wide / 2 + (x - (left + right) / 2) * scale, HIGH / 2 - (y - (low + high) / 2) * scale];
  const places = points.map(at);
  const line = (from, to, dash) => node(svg, "polyline", { points: places.slice(from, to).map((place) => place.map((v) => v.toFixed(1)).join()).join(" "), fill: "none", stroke: rgb(dash ? "--line-strong" : "--accent"), "stroke-width": 1.5, "stroke-linejoin": "round", ...(dash ? { "stroke-dasharray": "4 3" } : {}) });
  line(0, Math.min(shown, read), true);
  if (shown > read) line(read - 1, shown, false);
  node(svg, "text", { x: wide - 4, y: HIGH - 6, "text-anchor": "end", fill: rgb("--muted"), "font-size": 12 }, say("planeShare", { share: `${(100 * (explained[0] + explained[1])).toFixed(0)}%` }));
  // The names that don't lie over another; the chosen one, the ends of reading and writing first.
  const order = [...new Set([...(chosen === null ? [] : [chosen]), read - 1, points.length - 1, 0, ...points.keys()])].filter((k) => k < shown);
  const boxes = [];
  const named = new Map();
  for (const k of order) {
    const text = elided(names[k], LONGEST);
    const [x, y] = places[k];
    const span = broad(text);
    const toLeft = x + 8 + span > wide;
    const from = toLeft ? x - 8 - span : x + 8;
    const own = { from, to: from + span, top: y - 18, bottom: y - 2 };
    if (!text || boxes.some((b) => own.from < b.to && own.to > b.from && own.top < b.bottom && own.bottom > b.top)) continue;
    boxes.push(own);
    named.set(k, { text, from });
  }
  places.slice(0, shown).forEach(([x, y], k) => {
    const reading = k < read;
    const part = node(svg, "g");
    node(part, "title", {}, names[k]);
    node(part, "circle", { cx: x, cy: y, r: k === chosen ? 7 : k === read - 1 ? 6 : 4, fill: rgb(reading ? "--raised" : "--accent"), stroke: rgb(k === chosen ? "--text" : reading ? "--gate-h" : "--accent"), "stroke-width": 2 });
    const name = named.get(k);
    if (name) node(part, "text", { x: name.from, y: y - 6, fill: rgb("--text"), "font-size": 12, "font-weight": k === chosen ? 600 : 400, "paint-order": "stroke", stroke: rgb("--ground"), "stroke-width": 3 }, name.text);
  });
  box.replaceChildren(svg);
}
