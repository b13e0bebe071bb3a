// Use by day, as small charts: the x axis counts days up to today, which is 0.
import { LineChart, number } from "../shared/line_chart.js";
import { say, wordsOf } from "../shared/strings.js";

const use = JSON.parse(document.getElementById("use-by-day").textContent);
for (const figure of document.querySelectorAll("[data-use]")) {
  const kind = figure.dataset.use;
  const points = use[kind].map((value, at) => [at - use[kind].length + 1, value]);
  const chart = new LineChart(figure.querySelector("canvas"), figure.querySelector(".readout"));
  chart.show({
    x: { label: say("daysBefore"), whole: true, text: (day) => number(Math.abs(day)) },
    y: { label: wordsOf("use")[kind], whole: true, min: 0, max: Math.max(1, ...use[kind]) },
    series: [{ label: wordsOf("use")[kind], hue: "--accent", points }],
  });
}
