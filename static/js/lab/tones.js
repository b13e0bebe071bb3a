// The colours of a score: from the warning's hue through the ground to the accent's.
import { css, paint, ramp } from "../shared/colour_ramp.js";
import { probability } from "./reader.js";

let [grounds, lines] = [];

export function mix() {
  grounds = ramp("--accent", true, { strength: 0.3, from: "--ground", below: "--warn" });
  lines = ramp("--accent", true, { from: "--ground", below: "--warn" });
}

const level = (logit) => Math.round(255 * probability(logit));
export const ground = (logit) => css(grounds[level(logit)]);
export const line = (logit) => css(lines[level(logit)]);
export const key = (canvas) => paint(canvas, 256, 1, lines, false, 255, (x) => x);
