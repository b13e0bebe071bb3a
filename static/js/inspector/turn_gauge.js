// Token by token, what the memory would say: of each value that it gave before or after the turn, the
// probability after every token.
import { LineChart } from "../shared/line_chart.js";
import { probability } from "../chat/gauge_rows.js";
import { say } from "../shared/strings.js";

const element = (id) => document.getElementById(id);
const section = element("turn-gauge");
const HUES = ["--muted", "--accent", "--gate-f"];
const NEWEST = "--accent";
const AGAIN = [1000, 2000, 4000, 8000, 16000]; // ms after which a skipped reading is asked for again

if (section) start();

function start() {
  const { turn, window: part } = section.dataset;
  const tokens = [...element("sentence").querySelectorAll(".token")].map(({ textContent }) => textContent.trim());
  const chart = new LineChart(element("turn-gauge-chart"), element("turn-gauge-readout"));
  const select = element("turn-gauge-question");
  let wanted = null;
  let again = null;

  async function show(question, tries = 0) {
    const asked = (wanted = Symbol());
    clearTimeout(again);
    element("turn-gauge-note").textContent = say("gaugeReads");
    const query = new URLSearchParams({ panel: 1 });
    if (question) query.set("q", question);
    if (part) query.set("window", part);
    const response = await fetch(`/turn/${turn}/gauge.json?${query}`).catch(() => null);
    const found = response?.ok ? await response.json() : null;
    if (asked !== wanted) return;
    if (found?.skipped && tries < AGAIN.length) again = setTimeout(() => show(question, tries + 1), AGAIN[tries]);
    if (!found || found.skipped) return (element("turn-gauge-note").textContent = say(again && tries < AGAIN.length ? "gaugeWaits" : "gaugeBusy"));
    offer(found);
    draw(found);
  }

  function offer({ questions, question }) {
    if (!select.options.length) {
      for (const each of questions) select.add(new Option(each.question, each.question));
    }
    select.value = question;
  }

  function draw({ values, at, first }) {
    const series = values.map(({ value, before, probabilities }, k) => ({
      label: value,
      hue: k === values.length - 1 ? NEWEST : HUES[k],
      dashed: k < values.length - 1,
      points: [[first, before], ...probabilities.map((p, place) => [first + at[place] + 1, p])],
    }));
    // An x is the number of tokens fed: 0 is the memory before the turn.
    const text = (x) => (x > first && tokens[x - first - 1] ? `${x} ${tokens[x - first - 1]}` : String(x));
    const x = { label: say("axisToken"), whole: true, min: first, max: first + (at.at(-1) ?? 0) + 1, text };
    chart.show({ x, y: { label: say("gaugeAxis"), min: 0, max: 1 }, series, empty: say("gaugeNone") });
    element("turn-gauge-note").textContent = sentence(values, at, first);
    element("turn-gauge-keys").replaceChildren(...series.map(({ label, dashed }) => {
      const key = document.createElement("span");
      key.className = dashed ? "key dashed" : "key";
      key.textContent = label;
      return key;
    }));
  }

  // The token at which the newest value rose most.
  function sentence(values, at, first) {
    if (!values.length) return say("gaugeNone");
    const { value, before, probabilities } = values.at(-1);
    const rises = probabilities.map((p, k) => p - (k ? probabilities[k - 1] : before));
    const k = rises.indexOf(Math.max(...rises));
    if (rises[k] < 0.2) return say("gaugeSteady", { value, before: probability(before), after: probability(probabilities.at(-1)) });
    return say("gaugeMoment", { word: tokens[at[k]] ?? "", n: first + at[k] + 1, value, p: probability(probabilities[k]) });
  }

  select.addEventListener("change", () => show(select.value));
  // After the map: its numbers are asked for first.
  (globalThis.requestIdleCallback ?? setTimeout)(() => show());
}
