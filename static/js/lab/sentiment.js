// The page of the sentiment task: texts in, the running score out, one unit held, the gates over it.
import { FileFault, MOST_ROWS, labelOf, readTable, write } from "./csv_file.js";
import { Reader, RefusedError, percent, probability } from "./reader.js";
import { key, mix } from "./tones.js";
import { Gates } from "./gates.js";
import { LineChart } from "../shared/line_chart.js";
import { TextList, wordText } from "./text_list.js";
import { saveText } from "../shared/save_file.js";
import { say } from "../shared/strings.js";
import { unitBars } from "./unit_bars.js";

const page = JSON.parse(document.getElementById("page").textContent);
const element = (id) => document.getElementById(id);
const PAUSE = 300; // ms without a key before texts are read
const SHOWN = 20; // texts that are read word by word

const reader = new Reader(page.checkpoint);
const list = new TextList(element("read"));
const chart = new LineChart(element("path"), element("path-value"));
const gates = new Gates(reader, page.weights, refuse);
const shown = { row: null, word: null, held: null, unit: page.unit?.unit ?? null };
let reading = null;

function refuse(fault) {
  if (fault?.name === "AbortError") return;
  const box = element("lab-problem");
  box.textContent = (fault instanceof RefusedError && fault.message) || say("failed");
  box.hidden = false;
}

async function readAll() {
  reading?.abort();
  reading = new AbortController();
  const { signal } = reading;
  const texts = element("texts").value.split("\n").map((text) => text.trim()).filter(Boolean);
  const once = [...new Set(texts)].slice(0, SHOWN);
  const rows = once.map((text) => ({ text, read: reader.known.get(text) ?? null }));
  element("lab-problem").hidden = true;
  list.show(rows);
  if (!once.length) return choose(null, null);
  try {
    for (const row of rows) {
      row.read = await reader.words(row.text, signal);
      if (signal.aborted) return;
      list.show(rows);
      if (row === rows[0]) choose(list.rows.find(({ text }) => text === shown.row?.text) ?? list.rows[0], null);
    }
  } catch (fault) {
    if (!signal.aborted) refuse(fault);
    return;
  }
  if (texts.length > SHOWN) refuse(new RefusedError(say("manyTexts", { n: SHOWN })));
  // The chosen text may have come later than the first.
  const still = list.rows.find(({ text }) => text === shown.row?.text) ?? list.rows[0];
  if (still !== shown.row || !still.read) choose(still, null);
}

function choose(row, word) {
  if (shown.row !== row && shown.row?.read) list.colour(shown.row, shown.row.read.logits);
  if (shown.row !== row) release();
  Object.assign(shown, { row, word });
  list.mark(row, word);
  if (!row?.read) {
    chart.show({ x: { label: say("word") }, y: { label: say("score"), min: 0, max: 1 }, series: [], empty: say("noText") });
    element("moved").replaceChildren();
    element("moved-at").textContent = "";
    return;
  }
  draw();
  gates.show(row.read, shown.unit, word);
}

function draw() {
  const { row: { read }, word, held } = shown;
  const points = (logits) => [read.start, ...logits].map((logit, k) => [k, probability(logit)]);
  const text = (k) => (k === 0 ? "" : wordText(read, k - 1));
  const series = [{ label: say("free"), hue: "--accent", points: points(read.logits) }];
  if (held !== null) series.push({ label: say("heldAt", { value: valueText(read.held.values[held]) }), hue: "--warn", points: points(read.held.logits[held]), dashed: true });
  if (read.unit) series.push({ label: say("unitValue", { unit: String(page.unit.unit) }), hue: "--gate-h", points: [...read.words.map(({ stop }) => stop), read.unit.length - 1].map((at, k) => [k + 1, (read.unit[at] + 1) / 2]), faint: true });
  chart.show({ x: { label: say("word"), whole: true, text }, y: { label: say("score"), min: 0, max: 1 }, series });
  element("moved-at").textContent = word === null ? say("wholeText") : say("atWord", { word: wordText(read, word) });
  unitBars(element("moved"), word === null ? read.units : read.moved[word], (unit) => {
    shown.unit = unit;
    gates.show(read, unit, shown.word);
    element("gates-head").scrollIntoView({ block: "nearest" });
  });
  slide();
}

const valueText = (value) => `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(1)}`;

function slide() {
  const slider = element("hold");
  if (!slider) return;
  const { row: { read }, held } = shown;
  slider.disabled = !read.held;
  element("release").disabled = held === null;
  const free = percent(read.logits.at(-1));
  if (!read.held) {
    element("hold-value").textContent = say("tooLong", { n: page.most_held });
  } else if (held === null) {
    slider.value = String(read.unit?.at(-1) ?? 0);
    element("hold-value").textContent = say("freeValue", { value: valueText(read.unit?.at(-1) ?? 0), score: free });
  } else {
    element("hold-value").textContent = say("heldValue", { value: valueText(read.held.values[held]), score: percent(read.held.logits[held].at(-1)), free });
  }
}

function release() {
  shown.held = null;
  if (shown.row?.read) list.colour(shown.row, shown.row.read.logits);
}

element("hold")?.addEventListener("input", ({ target }) => {
  const { read } = shown.row ?? {};
  if (!read?.held) return;
  shown.held = Math.max(0, Math.min(read.held.values.length - 1, Math.round((Number(target.value) + 1) * 10)));
  list.colour(shown.row, read.held.logits[shown.held]);
  draw();
});
element("release")?.addEventListener("click", () => {
  release();
  draw();
  element("hold").focus();
});
list.addEventListener("choose", ({ detail: { row, word } }) => {
  if (row.read) choose(row, word === shown.word && row === shown.row ? null : word);
});

let waiting = 0;
element("texts").addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(readAll, PAUSE);
});
document.addEventListener("themechange", () => {
  mix();
  key(element("key"));
  list.repaint();
  if (shown.row?.read) {
    if (shown.held !== null) list.colour(shown.row, shown.row.read.held.logits[shown.held]);
    gates.drawn = null;
    gates.show(shown.row.read, shown.unit, shown.word);
  }
});

// A table of texts --------------------------------------------------------------------------------
let scored = null;
element("csv").addEventListener("change", async ({ target }) => {
  const [file] = target.files;
  if (!file) return;
  const state = element("csv-state");
  scored = null;
  element("csv-save").disabled = true;
  try {
    const table = await readTable(file);
    const logits = [];
    const texts = table.rows.map((row) => (row[table.text] ?? "").slice(0, page.most_characters).trim() || "-");
    for (let start = 0; start < texts.length; start += page.most_texts) {
      state.textContent = say("csvReading", { n: start, all: texts.length });
      logits.push(...await reader.logits(texts.slice(start, start + page.most_texts)));
    }
    scored = { table, logits, name: file.name };
    const positive = logits.filter((logit) => logit > 0).length;
    const parts = [say("csvDone", { n: logits.length, positive })];
    if (table.label !== null) {
      const known = table.rows.map((row, k) => [labelOf(row[table.label]), logits[k] > 0 ? 1 : 0]).filter(([label]) => label !== null);
      const right = known.filter(([label, guess]) => label === guess).length;
      if (known.length) parts.push(say("csvRight", { right, known: known.length, share: `${(100 * right / known.length).toFixed(1)}%` }));
    }
    state.textContent = parts.join(" ");
    element("csv-save").disabled = false;
  } catch (fault) {
    const reason = fault instanceof FileFault ? say(fault.reason, { n: MOST_ROWS }) : fault instanceof RefusedError && fault.message;
    state.textContent = reason || say("failed");
  }
  target.value = "";
});
element("csv-save").addEventListener("click", () => {
  const { table, logits, name } = scored;
  const columns = { score: logits.map((logit) => probability(logit).toFixed(4)), sentiment: logits.map((logit) => (logit > 0 ? "positive" : "negative")) };
  saveText(write(table, columns), `${name.replace(/\.[^.]*$/, "")}-scores.csv`);
});

mix();
key(element("key"));
readAll();
