// The page of the completion task: a text as the state moves, forks of it, the count, the gates.
import { Writing, mix } from "./writing.js";
import { Gates } from "./gates.js";
import { LineChart } from "../shared/line_chart.js";
import { RefusedError } from "./reader.js";
import { Writer } from "./writer.js";
import { rounded } from "../shared/numbers.js";
import { saveText } from "../shared/save_file.js";
import { say } from "../shared/strings.js";

const page = JSON.parse(document.getElementById("page").textContent);
const element = (id) => document.getElementById(id);
const MOST_SEED = 1e6; // seeds that the page draws itself: short enough to be copied by hand
const LEAST = 0.005; // probability below which a character isn't named
const OTHERS = 4;
const writer = new Writer(page.checkpoint);
const panes = ["a", "b"].map((name) => ({ name, draft: null, writing: new Writing(element(`text-${name}`)) }));
const gates = new Gates(writer, page.weights, refuse);
const chart = element("count") && new LineChart(element("count"), element("count-value"));
const at = { pane: panes[0], place: null };
let running = null;

function refuse(fault) {
  if (fault?.name === "AbortError") return;
  element("lab-problem").textContent = (fault instanceof RefusedError && fault.message) || say("textFailed");
  element("lab-problem").hidden = false;
}

const markName = ([n, lines]) => say("mark", { n, lines: String(lines) });

// What an id that was likely stands for: a mark, the text's end, a part of a character.
function named(text) {
  const code = (text.codePointAt(0) ?? 0) - 0xe000;
  if (code >= 0 && code < 1024) return markName([code % 32, Math.floor(code / 32)]);
  return text === "" ? say("endOfText") : text.includes("\ufffd") || !text.trim() ? "·" : text;
}

function settings() {
  return { seed: element("seed").value, temperature: element("temperature").value };
}

const another = (seed) => (Number(seed) + 1 + Math.floor(Math.random() * (MOST_SEED - 1))) % MOST_SEED;

function buttons() {
  const { draft } = at.pane;
  element("stop").disabled = !running;
  element("continue").disabled = Boolean(running) || !draft || draft.ended || draft.full;
  element("save").disabled = !panes[0].draft?.tokens.length;
  element("beside").disabled = !panes[0].draft;
  element("fork").disabled = at.place === null;
}

function stop() {
  running?.abort();
  running = null;
}

// Writes on until the text has ended, is full, or Stop is pressed.
async function write(pane) {
  stop();
  const own = new AbortController();
  running = own;
  const { draft } = pane;
  element("lab-problem").hidden = true;
  element("state").textContent = say("writing");
  buttons();
  try {
    while (!own.signal.aborted && !draft.ended && !draft.full) {
      const { tokens, ended, full } = await writer.go(draft, draft.settings, own.signal);
      for (const token of tokens) {
        draft.tokens.push(token);
        show(pane);
        await shown(own.signal);
      }
      Object.assign(draft, { ended, full });
      show(pane);
    }
    element("state").textContent = draft.ended ? say("ended") : draft.full ? say("full") : say("stopped");
  } catch (fault) {
    const meant = fault?.name === "AbortError";
    if (running === own || !running) element("state").textContent = meant ? say("stopped") : "";
    refuse(fault);
  }
  if (running === own) running = null;
  show(pane);
  if (!running) look(pane);
  buttons();
}

// A character a frame: it is seen how the text grows. Without motion, and in a hidden tab, at once.
const still = matchMedia("(prefers-reduced-motion: reduce)");
function shown(signal) {
  if (still.matches || document.hidden) return null;
  return new Promise((done, failed) => {
    signal.addEventListener("abort", () => failed(signal.reason), { once: true });
    requestAnimationFrame(() => requestAnimationFrame(done));
  });
}

function show(pane) {
  const { draft, writing, name } = pane;
  writing.show(draft);
  const bits = writing.shown.filter(({ stop: last }) => last >= draft.given).map((place) => place.bits);
  const characters = writing.shown.filter(({ stop: last, mark }) => last >= draft.given && !mark).length;
  const mean = bits.reduce((sum, value) => sum + value, 0) / characters;
  element(`mean-${name}`).textContent = characters ? say("meanBits", { bits: rounded(mean, 3) }) : "";
  if (pane === at.pane) count(pane);
}

function count({ draft: { tokens }, writing }) {
  if (!chart) return;
  const of = (key) => tokens.map((token, k) => [k, token[key]]).filter(([, value]) => value !== undefined);
  const series = [
    { label: say("leftState"), hue: "--accent", points: of("state") },
    { label: say("leftTrue"), hue: "--warn", points: of("left"), dashed: true },
  ].filter(({ points }) => points.length);
  const text = (k) => writing.shown.find(({ stop: last }) => last === k)?.text || "·";
  chart.show({ x: { label: say("place"), whole: true, text }, y: { label: say("leftAxis"), min: 0 }, series, empty: say("noLine") });
}

// The gates over a pane's text, its chosen character pinned.
function look({ draft, writing }) {
  const ids = draft.tokens.map(({ id }) => id).join();
  if (!ids) return;
  const names = draft.tokens.map(({ text, mark }, k) => (mark ? String(mark[0]) : text || (k < draft.start ? "·" : "")));
  if (draft.looked?.text !== ids) {
    const words = writing.shown.map(({ stop: last }) => ({ stop: last }));
    draft.looked = { text: ids, words, tokens: names, special: draft.tokens.map((token, k) => k < draft.start || !token.text) };
  }
  gates.show(draft.looked, null, at.place);
}

function choose(pane, place) {
  const same = at.pane === pane && at.place === place;
  panes.forEach(({ writing }) => writing.mark(null));
  Object.assign(at, { pane, place: same ? null : place });
  pane.writing.mark(at.place);
  const chosen = at.place === null ? null : pane.writing.shown[at.place];
  if (chosen) {
    const name = chosen.mark ? markName(chosen.mark) : chosen.text;
    const others = chosen.likely.map(([text, p]) => [named(text), p]).filter(([text, p]) => text !== name && p >= LEAST).slice(0, OTHERS);
    const sentences = [say("bitsOf", { text: name, bits: rounded(chosen.bits, 2) })];
    if (others.length) sentences.push(say("inPlace", { others: others.map(([text, p]) => `${text} ${(100 * p).toFixed(0)}%`).join(", ") }));
    element("at").textContent = sentences.join(" ");
  }
  count(pane);
  if (!running) look(pane);
  buttons();
}

// In the second pane: another beginning at the seed of the first text, two states side by side.
async function begin(pane = panes[0]) {
  stop();
  const own = new AbortController();
  running = own;
  element("lab-problem").hidden = true;
  const beside = pane !== panes[0];
  const chosen = beside ? { ...settings(), seed: panes[0].draft.settings.seed } : settings();
  try {
    const { tokens, start, note } = await writer.begin(element("prime").value, element("beginning").value, own.signal);
    element("note").textContent = note;
    pane.writing.clear();
    pane.draft = { prime: element("prime").value, beginning: element("beginning").value, tokens, start, given: tokens.length, from: tokens.length, settings: chosen, ended: false, full: false };
    const prime = element("prime").value.trim();
    element(`head-${pane.name}`).textContent = say(prime ? "primeOf" : "wholeOf", { prime, seed: chosen.seed });
    if (!beside) panes[1].draft = null;
    element("pane-b").hidden = !beside;
    choose(pane, null);
  } catch (fault) {
    if (running === own) running = null;
    buttons();
    return refuse(fault);
  }
  return write(pane);
}

// Two texts side by side: the same up to the chosen character, then drawn with another seed.
function fork() {
  const { pane: from, place } = at;
  const stopAt = from.writing.shown[place].stop;
  const [, pane] = panes;
  const seed = String(another(from.draft.settings.seed));
  const tokens = from.draft.tokens.slice(0, stopAt + 1);
  pane.writing.clear();
  pane.draft = { prime: from.draft.prime, tokens, start: from.draft.start, given: tokens.length, from: tokens.length, settings: { ...settings(), seed }, ended: false, full: false };
  element("head-b").textContent = say("continuation", { n: place + 1, seed });
  element("pane-b").hidden = false;
  pane.writing.show(pane.draft);
  choose(pane, null);
  write(pane);
}

for (const pane of panes) pane.writing.addEventListener("choose", ({ detail }) => choose(pane, detail));
element("settings").addEventListener("submit", (event) => {
  event.preventDefault();
  begin();
});
element("another").addEventListener("click", () => {
  element("seed").value = another(element("seed").value);
  if (element("settings").reportValidity()) begin();
});
element("beside").addEventListener("click", () => {
  const { prime, beginning, settings: { temperature } } = panes[0].draft;
  const same = prime === element("prime").value && beginning === element("beginning").value && temperature === settings().temperature;
  if (same) element("state").textContent = say("sameBeside");
  else if (element("settings").reportValidity()) begin(panes[1]);
});
element("stop").addEventListener("click", () => {
  stop();
  element("state").textContent = say("stopped");
  buttons();
});
element("continue").addEventListener("click", () => write(at.pane));
element("fork").addEventListener("click", fork);
element("save").addEventListener("click", () => {
  const written = panes.filter(({ draft }) => draft).map(({ draft, writing }) => `${draft.prime}\n\n${writing.shown.map(({ text }) => text.replace(/([。！？])/g, "$1\n")).join("")}`.trim());
  saveText(`${written.join("\n\n")}\n`, `${panes[0].draft.prime || "text"}.txt`, "text/plain");
});
document.addEventListener("themechange", () => {
  mix(element("key"));
  panes.forEach(({ writing, draft }) => draft && writing.repaint());
  gates.drawn = null;
  if (at.pane.draft) look(at.pane);
});

mix(element("key"));
begin();
