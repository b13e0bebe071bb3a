// The units behind a change of the score: a bar each, to the right where it rose.
import { say } from "../shared/strings.js";

const SVG = "http://www.w3.org/2000/svg";

export function unitBars(list, units, choose) {
  const most = Math.max(0.1, ...units.map(([, by]) => Math.abs(by)));
  list.replaceChildren(...units.map(([unit, by]) => {
    const row = document.createElement("li");
    const name = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: say("unit", { unit: String(unit) }) });
    name.addEventListener("click", () => choose(unit));
    const number = Object.assign(document.createElement("span"), { className: "mono", textContent: signed(by) });
    row.append(name, bar(by / most), number);
    return row;
  }));
}

export const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

function bar(share) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of [["viewBox", "-50 0 100 12"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  const part = document.createElementNS(SVG, "rect");
  const width = Math.abs(share) * 49;
  for (const [name, value] of [["x", share < 0 ? -width : 0], ["y", 1], ["height", 10], ["width", width], ["class", share < 0 ? "less" : "more"]]) part.setAttribute(name, value);
  const zero = document.createElementNS(SVG, "line");
  for (const [name, value] of [["y1", 0], ["y2", 12]]) zero.setAttribute(name, value);
  svg.append(part, zero);
  return svg;
}
