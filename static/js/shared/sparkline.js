// A line without axes, as wide as its cell, from zero up: the table around it names its quantity.
// It is an SVG, so that the theme colours it; missing values (null) leave a gap.
const WIDTH = 100; // of the viewBox; the line itself isn't scaled (vector-effect)
const HEIGHT = 24;
const LEAST = 3; // least number of steps for the width, so that a young line grows evenly

export function drawSparkline(svg, values, label) {
  const top = Math.max(...values.filter((value) => value !== null), 0) || 1;
  const steps = Math.max(LEAST, values.length - 1);
  const pieces = [];
  const late = steps - (values.length - 1); // it ends at the right, beside its newest number
  values.forEach((value, k) => {
    if (value === null) return;
    const place = `${(((k + late) / steps) * WIDTH).toFixed(2)} ${(HEIGHT - 1 - (value / top) * (HEIGHT - 2)).toFixed(2)}`;
    pieces.push(`${k === 0 || values[k - 1] === null ? "M" : "L"}${place}`);
  });
  svg.firstElementChild.setAttribute("d", pieces.join(""));
  svg.setAttribute("aria-label", label);
}
