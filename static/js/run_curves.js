// The curves of one run, live: asked for every second and a half until the run has ended, and more
// often in the first seconds, when somebody waits for the first point.
import { axes, belongs, chartPanel, CHARTS, Curves, HUES, short, showLegend } from "./curves.js";
import { say } from "./strings.js";

const PERIOD = 1500;
const SOON = 400;
let soon = 25; // so many times
const place = document.getElementById("charts");
const curves = new Curves(place.dataset.curves);
const panels = CHARTS.map((chart) => ({ ...chart, ...chartPanel(place, chart, place.dataset.name) }));

function draw() {
  for (const one of panels) {
    const names = Object.keys(curves.series).filter((name) => belongs(one, name));
    one.panel.classList.toggle("waiting", names.length === 0);
    const series = names.map((name, at) => ({ label: short(name), hue: HUES[at % HUES.length], points: curves.series[name] }));
    one.chart.show({ ...axes(one), series });
    if (names.length) showLegend(one.legend, series);
    else one.legend.textContent = say("waiting");
  }
}

async function follow() {
  let wait = PERIOD;
  try {
    if ((await curves.ask()) || !place.dataset.drawn) draw();
    place.dataset.drawn = "yes";
    if (Object.keys(curves.series).length === 0 && soon-- > 0) wait = SOON;
  } catch {
    wait = 2 * PERIOD; // the site is away: the curve goes on when it is back
  }
  if (curves.more) setTimeout(follow, wait);
}

draw();
follow();
