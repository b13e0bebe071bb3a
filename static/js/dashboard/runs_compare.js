// Several runs in one chart: one hue a run, one curve at a time.
import { onTools, shown, tools } from "./chart_tools.js";
import { axes, belongs, chartPanel, CHARTS, Curves, HUES } from "./curves.js";
import { say, wordsOf } from "../shared/strings.js";

const PERIOD = 2000;
const select = document.getElementById("metric");
const runs = [...document.querySelectorAll("#legend [data-run]")].map((item, at) => {
  // In the table's heading, too.
  for (const key of [item, document.querySelector(`[data-of="${item.dataset.run}"]`)]) {
    key.dataset.hue = String(at % HUES.length);
    // Seven hues are hard to tell apart: the later ones are dashed too.
    key.classList.toggle("dashed", at >= 6);
  }
  return { name: item.textContent.trim(), hue: HUES[at % HUES.length], dashed: at >= 6, curves: new Curves(item.dataset.curves) };
});
for (const { key } of CHARTS) select.add(new Option(wordsOf("titles")[key], key));
const { chart, panel } = chartPanel(document.getElementById("chart"), CHARTS[0], "runs");

// Of a chart with several curves a run (one a corpus), the runs' means are compared.
function mean(series, which) {
  const sums = new Map();
  for (const [name, points] of Object.entries(series)) {
    if (!belongs(which, name)) continue;
    for (const [step, value] of points) sums.set(step, [...(sums.get(step) ?? []), value]);
  }
  return [...sums].sort(([a], [b]) => a - b).map(([step, all]) => [step, all.reduce((x, y) => x + y) / all.length]);
}

function draw() {
  const which = CHARTS.find(({ key }) => key === select.value);
  panel.querySelector("h2").textContent = wordsOf("titles")[which.key];
  const smooth = which.key !== "learning_rate";
  chart.show({
    ...axes(which),
    empty: say(runs.some(({ curves }) => curves.more) ? "waiting" : "nothing"),
    // A run without recorded times can't be drawn over time.
    series: runs
      .filter(({ curves }) => !tools.time || curves.series.seconds)
      .flatMap(({ name, hue, dashed, curves }) =>
        shown([{ label: name, hue, dashed, points: mean(curves.series, which) }], { seconds: curves.series.seconds, smooth })),
  });
}

async function follow() {
  const asked = await Promise.allSettled(runs.filter(({ curves }) => curves.more).map(({ curves }) => curves.ask()));
  if (asked.some(({ value }) => value) || !runs.some(({ curves }) => curves.more)) draw();
  if (runs.some(({ curves }) => curves.more)) setTimeout(follow, PERIOD);
}

select.addEventListener("change", draw);
onTools(draw);
draw();
follow();
