// The timeline page: one layer at a time, as a path, a matrix of distances, lines and a table.
import { DistanceMap } from "./distance_map.js";
import { drawPath, pathCsv } from "./path_plot.js";
import { drawTable, summary } from "./turn_table.js";
import { LineChart } from "../shared/line_chart.js";
import { radios } from "../shared/radio_group.js";
import { saveCaptioned, saveText } from "../shared/save_file.js";
import { say } from "../shared/strings.js";

const element = (id) => document.getElementById(id);
const page = JSON.parse(element("page").textContent);
const open = (turn) => turn && location.assign(`/turn/${turn}/`);
let data = null;
let layer = 0;

const matrix = new DistanceMap(element("matrix"), element("matrix-value"), open);
const chart = new LineChart(element("norms"), element("norms-value"));

// Of each row of a layer: the blank memory first, then the turns.
const rows = () => [{ number: 0, label: say("blank"), turn: null }, ...data.turns];

function show() {
  const own = data.layers[layer];
  const states = rows();
  element("summary").textContent = summary(own, states, layer);
  drawPath(element("path"), own, states, { layer, hue: page.hue });
  matrix.show(own.distances, states, { layer, hue: page.hue });
  const last = own.distances.at(-1);
  const series = [
    { label: say("norm"), hue: "--gate-c", key: "c", values: own.norms },
    { label: say("moved"), hue: "--gate-i", key: "i", values: own.moved },
    { label: say("toLast"), hue: "--gate-o", key: "o", values: last },
  ];
  element("keys").replaceChildren(...series.map(({ label, key }) => {
    const item = document.createElement("li");
    item.appendChild(document.createElement("i")).className = `hue-${key}`;
    item.append(label);
    return item;
  }));
  chart.show({
    x: { label: say("xTurn"), whole: true }, y: { label: say("yDistance"), min: 0 },
    series: series.map(({ label, hue, values }) => ({ label, hue, points: values.map((value, k) => [states[k].number, value]) })),
  });
  drawTable(element("list"), own, states);
}

function windows() {
  const { first, last, total } = data;
  element("windows").hidden = first === 1 && last === total;
  const go = (link, until) => {
    if (until === null) {
      link.setAttribute("aria-disabled", "true");
      link.setAttribute("role", "link");
    } else link.href = `?until=${until}`;
  };
  go(element("earlier"), first > 1 ? first - 1 : null);
  go(element("later"), last < total ? Math.min(total, last + page.most) : null);
  const notes = first === 1 && last === total ? [] : [say("window", { first, last, total })];
  if (data.damaged.length) notes.push(say("damaged", { n: data.damaged.length }));
  element("window").textContent = notes.join(" ");
}

const name = (what, kind) => `chat-${page.chat.slice(0, 8)}-${what}-layer-${layer + 1}.${kind}`;
const cell = (text) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;

element("path-csv").addEventListener("click", () => saveText(pathCsv(data.layers[layer], rows(), cell), name("path", "csv")));
element("path-svg").addEventListener("click", () => {
  saveText(new XMLSerializer().serializeToString(element("path").firstElementChild), name("path", "svg"), "image/svg+xml");
});
element("matrix-csv").addEventListener("click", () => {
  const states = rows();
  const lines = data.layers[layer].distances.map((row, k) => [states[k].number, ...row].join(","));
  saveText([["turn", ...states.map(({ number }) => number)].join(","), ...lines].join("\n") + "\n", name("distances", "csv"));
});
element("matrix-png").addEventListener("click", () => matrix.save(name("distances", "png")));
element("norms-csv").addEventListener("click", () => saveText(chart.csv(), name("numbers", "csv")));
element("norms-png").addEventListener("click", () => saveCaptioned(element("norms"), name("numbers", "png"), element("summary").textContent));

// A click or Enter on the chart opens the turn under the mark.
const openMarked = () => chart.at && open(rows().find(({ number }) => number === chart.at)?.turn);
element("norms").addEventListener("click", openMarked);
element("norms").addEventListener("keydown", (event) => event.key === "Enter" && openMarked());
document.addEventListener("themechange", () => data?.turns.length && show());

const tabs = radios(element("layer-tabs"), (value) => {
  layer = Number(value);
  show();
});

// The path is drawn at the size that it has.
let width = 0;
new ResizeObserver(([{ contentRect }]) => {
  if (!data?.turns.length || contentRect.width === width) return;
  width = contentRect.width;
  drawPath(element("path"), data.layers[layer], rows(), { layer, hue: page.hue });
}).observe(element("path"));

async function start() {
  try {
    const answer = await fetch(`/chat/${page.chat}/timeline.json${page.until ? `?until=${page.until}` : ""}`);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    data = await answer.json();
  } catch {
    element("state").textContent = say("failed");
    return;
  }
  if (!data.turns.length) {
    element("state").textContent = say("empty");
    return;
  }
  layer = data.layers.length - 1;
  tabs.show(String(layer));
  element("state").hidden = true;
  element("content").hidden = false;
  windows();
  show();
}
start();
