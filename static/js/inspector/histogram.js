// All values of one map as bars over its ramp, the saturated ends in the gate's hue; and the
// share of saturated values of every gate of the layer.
import { HUES, SIGNED } from "./cell.js";
import { number } from "./gate_map.js";
import { colour, css, paint } from "../shared/colour_ramp.js";
import { say } from "../shared/strings.js";

const element = (id) => document.getElementById(id);
const share = (part) => `${(part * 100).toFixed(part < 0.0995 ? 1 : 0)}%`;

export function histogram(map, lut) {
  const { bins, lowEnd, highEnd, below, above } = map.histogram;
  const canvas = element("histogram");
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  Object.assign(canvas, { width: width * ratio, height: height * ratio });
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const [grey, hue] = [colour("--line-strong"), colour(HUES[map.gate])].map((rgb) => `rgb(${rgb.join()})`);
  const top = Math.max(...bins);
  const wide = width / bins.length;
  bins.forEach((count, k) => {
    const [from, to] = map.ends;
    const middle = from + ((k + 0.5) / bins.length) * (to - from);
    pen.fillStyle = map.bounded && (middle < lowEnd || middle > highEnd) ? hue : grey;
    const tall = (count / top) * (height - 1) + (count ? 1 : 0);
    pen.fillRect(k * wide, height - tall, wide - 1, tall);
  });
  paint(element("legend"), 256, 1, lut, false, 255, (x) => x);
  const end = (v) => number(v).replace(/\.?0+$/, "");
  element("low").textContent = end(map.ends[0]);
  element("high").textContent = end(map.ends[1]);
  element("below").textContent = map.bounded || map.signed ? say("below", { edge: number(lowEnd, 1), share: share(below) }) : "";
  element("above").textContent = say("above", { edge: number(highEnd, 1), share: share(above) });
  element("outliers").hidden = map.bounded || (!below && !above);
  canvas.setAttribute("aria-label", `${element("histogram-name").textContent}. ${element("below").textContent} ${element("above").textContent}`);
}

// saturation: {gate: [share below, share above]}
export function saturated(saturation, lut) {
  for (const row of element("saturation").querySelectorAll("tr[data-gate]")) {
    row.hidden = !(row.dataset.gate in saturation); // a gate that this layer lacks, or without bounds
    if (row.hidden) continue;
    const [below, above] = saturation[row.dataset.gate];
    const [low, high] = row.querySelectorAll(".part-low, .part-high");
    low.style.width = `${below * 100}%`;
    high.style.width = `${above * 100}%`;
    const colours = lut(row.dataset.gate);
    // The low end of an unsigned ramp is the ground itself, which would be invisible.
    low.style.backgroundColor = SIGNED[row.dataset.gate] ? css(colours[0]) : "var(--line-strong)";
    high.style.backgroundColor = css(colours[255]);
    const [before, after] = row.querySelectorAll("td.mono");
    before.textContent = share(below);
    after.textContent = share(above);
  }
}
