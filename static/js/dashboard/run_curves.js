// The curves of one run, live: asked for every second and a half until the run has ended, and more
// often in the first seconds, when somebody waits for the first point.
import { onTools, shown } from "./chart_tools.js";
import { axes, belongs, chartPanel, CHARTS, Curves, HUES, short, showLegend } from "./curves.js";
import { say } from "../shared/strings.js";

const PERIOD = 1500;
const SOON = 400;
let soon = 25; // so many times
const place = document.getElementById("charts");
const validated = "validated" in place.dataset;
const curves = new Curves(place.dataset.curves);
const panels = CHARTS.map((chart) => ({ ...chart, ...chartPanel(place, chart, place.dataset.name) }));

function draw() {
  for (const one of panels) {
    const names = Object.keys(curves.series).filter((name) => belongs(one, name));
    one.panel.classList.toggle("waiting", names.length === 0);
    const series = names.map((name, at) => ({ label: short(name), hue: HUES[at % HUES.length], points: curves.series[name] }));
    // A rate that is set needs no smoothing: its bends are what it is.
    const smooth = one.key !== "learning_rate";
    const empty = say(one.key === "bits_per_byte" && !validated ? "noValidation" : curves.more ? "waiting" : "nothing");
    one.chart.show({ ...axes(one), empty, series: shown(series, { seconds: curves.series.seconds, smooth }) });
    showLegend(one.legend, series);
  }
}

let following = true;
async function follow() {
  let wait = PERIOD;
  try {
    const more = curves.more;
    // What is said of an empty chart changes with the run's end, too.
    if ((await curves.ask()) || more !== curves.more || !place.dataset.drawn) draw();
    place.dataset.drawn = "yes";
    if (Object.keys(curves.series).length === 0 && soon-- > 0) wait = SOON;
  } catch {
    wait = 2 * PERIOD; // the site is away: the curve goes on when it is back
  }
  following = curves.more;
  if (following) setTimeout(follow, wait);
}

// One crosshair for all charts: what stands at one step in each of them.
for (const { canvas, chart } of panels.map(({ chart }) => ({ chart, canvas: chart.canvas }))) {
  canvas.addEventListener("mark", ({ detail }) => {
    for (const other of panels) if (other.chart !== chart) other.chart.markAt(detail);
  });
}
// Somebody resumed the run, here or on another page.
document.body.addEventListener("run-resumed", () => {
  if (following) return;
  following = curves.more = true;
  follow();
});
onTools(draw);
draw();
follow();
