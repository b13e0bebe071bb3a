// The display of curves: smoothed or not, on a log axis or not, over steps or over time. Kept in the
// browser, one choice for all charts.
import { Kept } from "../shared/browser_storage.js";

const form = document.getElementById("chart-tools");
const kept = new Kept("localStorage", "charts", "tools");
const fields = [...(form?.elements ?? [])].filter(({ name }) => name);
for (const field of fields) {
  const value = kept.value?.[field.name];
  if (value === undefined) continue;
  if (field.type === "checkbox") field.checked = value;
  else if ([...field.options].some((option) => option.value === value)) field.value = value;
}

export const tools = {
  get smoothing() { return Number(form?.elements.smoothing.value ?? 0); },
  get log() { return form?.elements.log.checked ?? true; },
  get time() { return form?.elements.x.value === "time"; },
};

export function onTools(act) {
  form?.addEventListener("change", () => {
    kept.value = Object.fromEntries(fields.map((field) => [field.name, field.type === "checkbox" ? field.checked : field.value]));
    act();
  });
  form?.addEventListener("submit", (event) => event.preventDefault());
}

// An exponential mean over the points, with bias correction as for Adam's moments: without it the
// first values would be drawn towards zero.
export function smoothed(points, weight) {
  let [sum, scale] = [0, 0];
  return points.map(([x, y]) => {
    sum = weight * sum + (1 - weight) * y;
    scale = weight * scale + (1 - weight);
    return [x, sum / scale];
  });
}

// Steps as minutes since the run began, interpolated between recorded moments; null without any.
export function clock(seconds) {
  const known = [...(seconds ?? [])].sort(([a], [b]) => a - b);
  if (!known.length) return null;
  return (step) => {
    const after = known.findIndex(([at]) => at >= step);
    if (after === 0) return known[0][1] / 60;
    if (after < 0) return known.at(-1)[1] / 60;
    const [[x0, y0], [x1, y1]] = [known[after - 1], known[after]];
    return (y0 + ((y1 - y0) * (step - x0)) / (x1 - x0)) / 60;
  };
}

// The series of a chart by the chosen tools: {label, hue, points} each, raw ones behind.
export function shown(series, { seconds, smooth = true }) {
  const minute = tools.time ? clock(seconds) : null;
  return series.flatMap((curve) => {
    const points = minute ? curve.points.map(([step, y]) => [minute(step), y]) : curve.points;
    if (!smooth || !tools.smoothing || points.length < 3) return [{ ...curve, points }];
    return [{ ...curve, points: smoothed(points, tools.smoothing), smooth: true }, { ...curve, points, faint: true }];
  });
}
