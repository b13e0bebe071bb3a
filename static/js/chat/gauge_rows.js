// Draws the answers of a memory: of each question the value now, the value that it replaced, and the
// probability of each after the turns of the branch.
import { say } from "../shared/strings.js";

const SURE = 0.5; // below it, the model would more often say something else
const SLOTS = 6; // bars for the width, until there are more turns

// Writes a reading (gauge.json) into the rows; before: the one drawn last. Returns a sentence for
// each answer that differs from it.
export function drawRows(list, reading, before) {
  const changes = [];
  for (const row of list.children) {
    const { question } = row.dataset;
    const now = stateOf(reading, question);
    const then = before && stateOf(before, question);
    const changed = Boolean(then) && (now.told !== then.told || !isSame(valuesOf(reading, question), now.value, then.value));
    if (before?.head !== reading.head || !before) row.classList.toggle("lit", changed && now.told);
    if (changed) changes.push(sentence(row.querySelector(".gauge-label").textContent, now, then));
    draw(row, now);
    const empty = row.querySelector(".gauge-empty");
    empty.hidden = !now.told || now.weights;
    if (now.told) empty.href = `/turn/${reading.head}/empty/?q=${encodeURIComponent(question)}`;
  }
  return changes;
}

const valuesOf = (reading, question) => reading.course?.values[reading.questions.indexOf(question)] ?? [];

// "41" and "41 years" are one value: the course says which wordings are.
function isSame(values, one, other) {
  return one === other || values.some(({ wordings }) => wordings.includes(one) && wordings.includes(other));
}

// {told, sure, value, p, answer, bars, old: {value, p, bars} or null}; told is null where unknown.
function stateOf(reading, question) {
  const k = reading.questions.indexOf(question);
  const weights = k < 0 ? null : reading.long_term?.[k];
  const blank = { told: false, value: "", old: null, bars: [] };
  if (!reading.head && !weights?.told) return blank;
  const state = !reading.head ? blank : k < 0 ? null : reading.turns.at(-1)?.answers[k];
  // What the state doesn't know, the chat's long-term memory may.
  const given = state && !state.told && weights?.told ? weights : state;
  if (!given) return { told: null, value: "", old: null, bars: [] };
  const values = valuesOf(reading, question);
  const own = values.find(({ wordings }) => wordings.includes(given.value));
  const old = replaced(values, given.value);
  return {
    told: given.told,
    weights: Boolean(weights?.told && given.told && weights.value.toLowerCase() === given.value.toLowerCase()),
    sure: given.value_probability >= SURE,
    value: given.value,
    p: given.value_probability,
    answer: given.answer,
    whole: given.probability,
    bars: own?.probabilities ?? [],
    old: old && { value: old.value, bars: old.probabilities },
  };
}

// The last other value that was probable after an earlier turn.
function replaced(values, now) {
  const others = values.filter(({ wordings }) => !wordings.includes(now));
  for (let turn = (values[0]?.probabilities.length ?? 0) - 2; turn >= 0; turn -= 1) {
    const found = others.find(({ probabilities }) => probabilities[turn] >= SURE);
    if (found) return found;
  }
  return null;
}

function draw(row, { told, weights, sure, value, p, answer, whole, bars, old }) {
  const part = (name) => row.querySelector(`.gauge-${name}`);
  row.classList.toggle("unsure", Boolean(told) && !sure);
  const shown = part("value");
  shown.classList.toggle("quiet", !told || !sure);
  shown.classList.toggle("none", told === false);
  shown.textContent = told ? value : told === false ? say("unknown") : "–";
  shown.title = !told ? "" : sure ? value : `${value}: ${say("unsure")}`; // whole, where it is cut off
  part("p").textContent = told ? probability(p) : "";
  part("weights").hidden = !weights;
  part("old").textContent = old?.value ?? "";
  part("faded").textContent = old ? say("faded") : "";
  const [now, was] = row.querySelectorAll(".gauge-bars path");
  now.setAttribute("d", told ? barsOf(bars) : "");
  was.setAttribute("d", old ? barsOf(old.bars) : "");
  part("question").textContent = say("gaugeAsked", { question: row.dataset.question });
  part("answer").textContent = answer === undefined ? "" : say("gaugeAnswer", { answer, p: probability(whole) });
}

function sentence(label, now, then) {
  if (!now.told) return say("gaugeGone", { label });
  return then.told ? say("gaugeChanged", { label, value: now.value, old: then.value }) : say("gaugeNew", { label, value: now.value });
}

// 0.97, and near one a digit more, never rounded up to it.
export function probability(p) {
  return p >= 0.995 ? (Math.floor(Math.min(p, 0.999) * 1000) / 1000).toFixed(3) : p.toFixed(2);
}

// A bar a turn, from 0 to 1, the newest at the right.
function barsOf(values) {
  const slots = Math.max(SLOTS, values.length);
  const width = 100 / slots;
  return values.map((p, k) => {
    if (p === null) return "";
    const x = (slots - values.length + k) * width;
    const height = Math.max(1, p * 16);
    return `M${x.toFixed(2)} 16v${(-height).toFixed(2)}h${(width * 0.8).toFixed(2)}v${height.toFixed(2)}z`;
  }).join("");
}

// The course as CSV: a line a turn, question and value.
export function table({ course, questions }, labels) {
  const quoted = (text) => `"${String(text).replaceAll('"', '""')}"`;
  const lines = ["turn,label,question,value,probability"];
  course.turns.forEach((_, turn) => questions.forEach((question, k) => {
    for (const { value, probabilities } of course.values[k]) {
      lines.push([course.first + turn, quoted(labels[k]), quoted(question), quoted(value), probabilities[turn] ?? ""].join(","));
    }
  }));
  return `${lines.join("\n")}\n`;
}
