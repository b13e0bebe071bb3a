// The page of the translation task: a sentence by each model as the state moves, and the gates.
import { css, paint, ramp } from "../shared/colour_ramp.js";
import { Gates } from "./gates.js";
import { LineChart } from "../shared/line_chart.js";
import { RefusedError } from "./reader.js";
import { drawMatrix } from "./word_matrix.js";
import { drawStatePath } from "./state_path.js";
import { parse } from "../inspector/safetensors.js";
import { radios } from "../shared/radio_group.js";
import { rounded } from "../shared/numbers.js";
import { say } from "../shared/strings.js";
import { token } from "../shared/csrf.js";

const page = JSON.parse(document.getElementById("page").textContent);
const element = (id) => document.getElementById(id);
const MOST_BITS = 12;
const LEAST = 0.01; // probability below which another word isn't named
const HUES = ["--accent", "--gate-f", "--muted", "--gate-o"];
const still = matchMedia("(prefers-reduced-motion: reduce)");

async function post(what, fields, signal) {
  const body = new URLSearchParams([["checkpoint", page.asked], ...Object.entries(fields)]);
  const answer = await fetch(`/lab/translation/${what}`, { method: "POST", body, signal, headers: { "X-CSRFToken": token(), Accept: "application/json" } });
  if (answer.ok) return answer;
  const { error, detail } = await answer.json().catch(() => ({}));
  throw new RefusedError(error ?? detail ?? "");
}

// `text` of what is looked at stands for its checkpoint and ids.
const maps = {
  async map(key, gate, layer) {
    const [checkpoint, ids] = key.split(" ");
    return parse(await (await post("map.safetensors", { checkpoint, ids, gate, layer })).arrayBuffer());
  },
};

function refuse(fault) {
  if (fault?.name === "AbortError") return;
  element("state").textContent = "";
  element("lab-problem").textContent = (fault instanceof RefusedError && fault.message) || say("translateFailed");
  element("lab-problem").hidden = false;
}

const gates = new Gates(maps, [], refuse);
const panes = [...document.querySelectorAll("[data-model]")].map((box) => ({
  ...Object.fromEntries(["words", "at", "path", "matrix"].map((name) => [name, box.querySelector(`[data-${name}]`)])),
  found: null, chosen: null, shown: 0,
}));
let [running, looking, grounds] = [null, 0, []];

function mix() {
  grounds = ramp("--warn", false, { strength: 0.45, from: "--ground" });
  paint(element("key"), 256, 1, grounds, false, 255, (x) => x);
}

const ground = (bits) => css(grounds[Math.round(255 * Math.min(1, bits / MOST_BITS))]);
// Between English words is a space, between Chinese characters none.
const gap = (before, text) => Boolean(before) && /[A-Za-z0-9]$|[,.!?;:]$/.test(before) && /^[A-Za-z0-9"]/.test(text);

function words(pane) {
  const { found, shown } = pane;
  const focused = pane.words.contains(document.activeElement);
  pane.words.replaceChildren();
  found.target.slice(0, shown).forEach(({ text, bits }, k) => {
    if (k && gap(found.target[k - 1].text, text)) pane.words.append(" ");
    const button = Object.assign(document.createElement("button"), { type: "button", className: "lab-character", textContent: text || say("end") });
    if (!text) button.classList.add("lab-end");
    button.style.backgroundColor = ground(bits);
    button.tabIndex = k === (pane.chosen ?? 0) ? 0 : -1;
    if (k === pane.chosen) button.setAttribute("aria-pressed", "true");
    button.setAttribute("aria-label", say("characterBits", { text: text || say("end"), bits: rounded(bits, 2) }));
    pane.words.append(button);
  });
  if (focused && pane.chosen !== null) pane.words.querySelectorAll("button")[pane.chosen].focus();
}

function sentence({ found, chosen }) {
  if (chosen === null) return say("chooseWord");
  const { text, bits, likely } = found.target[chosen];
  const name = text || say("end");
  const parts = [say("bitsOf", { text: name, bits: rounded(bits, 2) })];
  const others = likely.filter(([other, share]) => other && share >= LEAST && !name.startsWith(other)).slice(0, 3);
  if (others.length) parts.push(say("inPlace", { others: others.map(([other, share]) => `${other} ${(100 * share).toFixed(0)}%`).join(", ") }));
  if (found.by_attention) parts.push(say("byAttention", { by: rounded(found.by_attention[chosen], 2) }));
  return parts.join(" ");
}

function show(pane) {
  const { found, chosen, shown } = pane;
  words(pane);
  pane.at.textContent = sentence(pane);
  const names = [say("blank"), "", ...found.source, "▸", ...found.target.map(({ text }) => text || say("end"))];
  const read = found.source.length + 3;
  drawStatePath(pane.path, { points: found.path, names, read, explained: found.explained }, { chosen: chosen === null ? null : read + chosen, shown: Math.min(found.path.length, read + shown) });
  const rows = found.target.map(({ text }) => text);
  drawMatrix(pane.matrix, { rows, columns: found.source, values: found.weights ?? found.influence, signed: !found.weights }, chosen);
}

// The gates over the source and what one model wrote; a chosen word is pinned.
function look() {
  const pane = panes[looking];
  if (!pane.found) return;
  const { checkpoint, ids, tokens, start, target } = pane.found;
  pane.looked ??= {
    text: `${checkpoint} ${ids.join()}`,
    tokens: tokens.map((text, k) => (k === 0 ? say("start") : k === 1 ? "→" : k === start - 1 ? "▸" : k === ids.length - 1 || k === start - 2 ? say("end") : text)),
    special: tokens.map((_, k) => k < 2 || k === start - 1 || k === start - 2 || k === ids.length - 1),
    words: target,
  };
  gates.show(pane.looked, null, pane.chosen);
}

function choose(pane, at) {
  pane.chosen = pane.chosen === at ? null : at;
  show(pane);
  if (panes[looking] === pane) look();
}

// A word at a time, so that it is seen how it is written. Without motion, and in a hidden tab, at once.
async function write(pane, signal) {
  const whole = pane.found.target.length;
  pane.shown = still.matches || document.hidden ? whole : 0;
  while (pane.shown < whole) {
    pane.shown += 1;
    show(pane);
    await new Promise((done) => setTimeout(done, 60));
    if (signal.aborted) return;
  }
  show(pane);
}

async function translate() {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  element("lab-problem").hidden = true;
  element("state").textContent = say("translating");
  try {
    const answer = await post("read.json", { text: element("text").value, direction: element("direction").value }, signal);
    const { models, note, direction } = await answer.json();
    element("note").textContent = note;
    models.forEach((found, k) => {
      Object.assign(panes[k], { found, chosen: null, looked: null });
      panes[k].words.lang = direction === "en-zh" ? "zh-Hans" : "en";
    });
    await Promise.all(panes.filter(({ found }) => found).map((pane) => write(pane, signal)));
    if (signal.aborted) return;
    element("state").textContent = say("translated");
    look();
  } catch (fault) {
    if (!signal.aborted) refuse(fault);
  }
}

function drawLengths() {
  if (!element("lengths")) return;
  const groups = [...new Set(page.lengths.flatMap(({ points }) => points.map(([group]) => group)))].sort((a, b) => parseInt(a, 10) - parseInt(b, 10));
  const series = page.lengths.map(({ label, points }, k) => ({ label, hue: HUES[k], dashed: k > 1, points: points.map(([group, chrf]) => [groups.indexOf(group), chrf]) }));
  element("lengths-legend").replaceChildren(...series.map(({ label }, k) => {
    const item = Object.assign(document.createElement("li"), { className: `lab-legend-${k}` });
    item.append(document.createElement("i"), label);
    return item;
  }));
  const text = (x) => groups[Math.round(x)] ?? "";
  new LineChart(element("lengths"), element("lengths-value")).show({ x: { label: say("englishWords"), whole: true, text }, y: { label: "chrF", min: 0 }, series, empty: "" });
}

for (const pane of panes) {
  pane.words.addEventListener("click", ({ target }) => {
    const at = [...pane.words.querySelectorAll("button")].indexOf(target.closest("button"));
    if (at >= 0) choose(pane, at);
  });
  pane.words.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    const buttons = [...pane.words.querySelectorAll("button")];
    const at = buttons.indexOf(event.target.closest("button"));
    if (at < 0 || step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const to = Math.max(0, Math.min(buttons.length - 1, at + step));
    if (to !== pane.chosen) choose(pane, to);
    pane.words.querySelectorAll("button")[to].focus();
  });
  new ResizeObserver(() => { if (pane.found && pane.shown === pane.found.target.length) show(pane); }).observe(pane.path);
}
element("settings").addEventListener("submit", (event) => {
  event.preventDefault();
  translate();
});
element("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  translate();
});
for (const button of document.querySelectorAll("[data-example]")) {
  button.addEventListener("click", () => {
    element("text").value = button.textContent;
    element("direction").value = "";
    translate();
  });
}
if (element("model-tabs")) {
  radios(element("model-tabs"), (value) => {
    looking = Number(value);
    look();
  });
}
document.addEventListener("themechange", () => {
  mix();
  panes.filter(({ found }) => found).forEach(show);
  gates.drawn = null;
  look();
});

mix();
drawLengths();
translate();
