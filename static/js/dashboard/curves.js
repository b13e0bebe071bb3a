// Charts of training curves: each curve's name, unit and hue, and a panel around it.
import { LineChart } from "../shared/line_chart.js";
import { saveCaptioned, saveText } from "../shared/save_file.js";
import { tools } from "./chart_tools.js";
import { isLoggedOut, loggedOut } from "./logged_out.js";
import { say, wordsOf } from "../shared/strings.js";

export const HUES = ["--accent", "--gate-f", "--gate-o", "--gate-c", "--gate-g", "--gate-h", "--gate-i", "--muted"];

// A chart shows the curves whose names begin with these; each has a unit, some a log axis.
export const CHARTS = [
  { key: "loss", names: ["loss"], log: true },
  { key: "bits_per_byte", names: ["bits_per_byte/"], log: true },
  { key: "recall", names: ["recall/"], min: 0, max: 1 },
  { key: "accuracy", names: ["accuracy/"], max: 1 },
  { key: "f1", names: ["f1/", "precision/", "recall_of_positive/"], max: 1 },
  { key: "cross_entropy", names: ["cross_entropy/"] },
  { key: "bits_per_character", names: ["bits_per_character/"], log: true },
  { key: "form", names: ["form/"], max: 1 },
  { key: "chrf", names: ["chrf/"], min: 0 },
  { key: "bleu", names: ["bleu/"], min: 0 },
  { key: "wer", names: ["wer/"], min: 0 },
  { key: "gradient_norm", names: ["gradient_norm"], log: true },
  { key: "learning_rate", names: ["learning_rate"], min: 0 },
  { key: "tokens_per_second", names: ["tokens_per_second"], min: 0 },
];

export const belongs = ({ names }, name) => names.some((prefix) => (prefix.endsWith("/") ? name.startsWith(prefix) : name === prefix));
// "bits_per_byte/talks" is called talks, "recall/gap_2" gap 2.
export function short(name) {
  const gap = /^recall\/gap_(\d+)$/.exec(name);
  const [kind] = name.split("/");
  if (kind === "precision" || kind === "recall_of_positive") return `${wordsOf("parts")[kind]} · ${name.slice(name.indexOf("/") + 1)}`;
  return gap ? say("gap", { n: gap[1] }) : name.slice(name.indexOf("/") + 1);
}

// The axes of a chart, for LineChart.
export function axes({ key, unit = key, log, min, max }) {
  const x = tools.time ? { label: say("minutes") } : { label: say("step"), whole: true };
  return { x, y: { label: wordsOf("units")[unit], log: log && tools.log, min, max } };
}

// A panel with a chart: {chart, panel, show(series)}.
export function chartPanel(place, { key, names }, name) {
  const panel = document.createElement("figure");
  panel.className = "panel chart";
  panel.dataset.chart = key;
  const head = document.createElement("header");
  const title = document.createElement("h2");
  title.textContent = wordsOf("titles")[key];
  const tools = document.createElement("span");
  tools.className = "small";
  const canvas = document.createElement("canvas");
  const readout = document.createElement("div");
  readout.className = "readout";
  // Room for names only where there may be several curves.
  const legend = names.some((prefix) => prefix.endsWith("/")) ? document.createElement("ul") : null;
  if (legend) legend.className = "legend";
  head.append(title, tools);
  panel.append(head, canvas, readout, ...(legend ? [legend] : []));
  const room = place.querySelector(`[data-chart="${key}"]`);
  if (room) room.replaceWith(panel);
  else place.append(panel);
  const chart = new LineChart(canvas, readout);
  const file = `${name}-${key}`.replace(/[^\p{L}\p{N}.-]+/gu, "-");
  const tool = (text, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.textContent = text;
    button.disabled = true; // until there is a point
    canvas.addEventListener("show", ({ detail }) => { button.disabled = !detail; });
    button.addEventListener("click", act);
    tools.append(button);
  };
  tool("CSV", () => saveText(chart.csv(), `${file}.csv`));
  tool("PNG", () => saveCaptioned(canvas, `${file}.png`, `${title.textContent} · ${name}`));
  return { chart, panel, legend };
}

// Names the curves of a chart by their hues; one alone needs no name.
export function showLegend(legend, series) {
  if (!legend) return; // a chart of one curve
  const items = series.length < 2 ? [] : series.map(({ label, hue }) => {
    const item = document.createElement("li");
    item.dataset.hue = String(HUES.indexOf(hue));
    item.append(stroke(), label);
    return item;
  });
  legend.replaceChildren(...items);
}

function stroke() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of [["width", 20], ["height", 8], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  const line = document.createElementNS(svg.namespaceURI, "path");
  for (const [name, value] of [["d", "M0 4h20"], ["stroke", "currentColor"], ["stroke-width", 2]]) line.setAttribute(name, value);
  svg.append(line);
  return svg;
}

// A run's curves, fetched piece by piece: `ask()` fetches new points; whether more will come.
export class Curves {
  constructor(url) {
    this.url = url;
    this.after = 0;
    this.series = {};
    this.more = true;
  }

  async ask() {
    if (isLoggedOut()) throw new Error("logged out");
    const answer = await fetch(`${this.url}?after=${this.after}`, { headers: { accept: "application/json" } });
    loggedOut(answer.status);
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = await answer.json();
    // A run that ended in an evaluation is back at its save before it, without the figures of later
    // steps: the curves are fetched as a whole.
    if (this.more && !fresh.more && this.after > 0) {
      const whole = new Curves(this.url);
      await whole.ask();
      ({ after: this.after, more: this.more, series: this.series } = whole);
      return true;
    }
    this.after = fresh.after;
    this.more = fresh.more;
    for (const [name, points] of Object.entries(fresh.series)) (this.series[name] ??= []).push(...points);
    return Object.keys(fresh.series).length > 0;
  }
}
