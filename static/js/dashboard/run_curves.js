// The curves of one run, live: polled every second and a half until the run has ended, and more often
// in the first seconds, until the first point.
import { onTools, shown } from "./chart_tools.js";
import { axes, belongs, chartPanel, CHARTS, Curves, HUES, short, showLegend } from "./curves.js";
import { say } from "../shared/strings.js";

const PERIOD = 1500;
const SOON = 400;
let soon = 25; // number of fast polls
const place = document.getElementById("charts");
const validated = "validated" in place.dataset;
const curves = new Curves(place.dataset.curves);
// Those that the server has kept room for: a task has charts of its own.
const kept = new Set([...place.querySelectorAll("[data-chart]")].map(({ dataset }) => dataset.chart));
// Where texts are labelled the loss is of texts too.
const unitOf = (key) => (key === "loss" && kept.has("cross_entropy") ? "cross_entropy" : key);
const panels = CHARTS.filter(({ key }) => kept.has(key)).map((chart) => ({ ...chart, unit: unitOf(chart.key), ...chartPanel(place, chart, place.dataset.name) }));

function draw() {
  for (const view of panels) {
    const names = Object.keys(curves.series).filter((name) => belongs(view, name));
    view.panel.classList.toggle("waiting", names.length === 0);
    const series = names.map((name, at) => ({ label: short(name), hue: HUES[at % HUES.length], points: curves.series[name] }));
    // A scheduled rate needs no smoothing: its bends are real.
    const smooth = view.key !== "learning_rate";
    const empty = say(view.key === "bits_per_byte" && !validated ? "noValidation" : curves.more ? "waiting" : "nothing");
    view.chart.show({ ...axes(view), empty, series: shown(series, { seconds: curves.series.seconds, smooth }) });
    showLegend(view.legend, series);
  }
}

let following = true;
async function follow() {
  let wait = PERIOD;
  try {
    const more = curves.more;
    // The text of an empty chart changes with the run's end, too.
    if ((await curves.ask()) || more !== curves.more || !place.dataset.drawn) draw();
    place.dataset.drawn = "yes";
    if (Object.keys(curves.series).length === 0 && soon-- > 0) wait = SOON;
  } catch {
    wait = 2 * PERIOD; // the site is away: polling goes on when it is back
  }
  following = curves.more;
  if (following) setTimeout(follow, wait);
}

// One crosshair for all charts, at the same step.
for (const { canvas, chart } of panels.map(({ chart }) => ({ chart, canvas: chart.canvas }))) {
  canvas.addEventListener("mark", ({ detail }) => {
    for (const other of panels) if (other.chart !== chart) other.chart.markAt(detail);
  });
}
// The run was resumed, here or on another page.
document.body.addEventListener("run-resumed", () => {
  if (following) return;
  following = curves.more = true;
  follow();
});
onTools(draw);
draw();
follow();
