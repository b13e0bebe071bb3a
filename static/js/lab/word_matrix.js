// Words written (rows) by words of the source (columns), as a table whose cells are coloured.
import { css, ramp } from "../shared/colour_ramp.js";
import { say } from "../shared/strings.js";

const LEAST_SCALE = 4; // bits of the fullest colour, where no word loses more

// values: [rows][columns], bits (signed) or weights of 0 to 1; chosen: a row, or null
export function drawMatrix(box, { rows, columns, values, signed }, chosen) {
  const lut = signed ? ramp("--gate-c", true, { from: "--ground" }) : ramp("--accent", false, { from: "--ground" });
  const scale = Math.max(LEAST_SCALE, ...values.flat().map(Math.abs));
  const level = (value) => {
    const share = signed ? (Math.max(-1, Math.min(1, value / scale)) + 1) / 2 : Math.min(1, value);
    return css(lut[Math.round(255 * share)]);
  };
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  head.append(document.createElement("td"));
  for (const text of columns) head.append(cell("th", text, "col"));
  const body = table.createTBody();
  rows.forEach((text, k) => {
    const row = body.insertRow();
    if (k === chosen) row.className = "chosen";
    row.append(cell("th", text || say("end"), "row"));
    values[k].forEach((value, column) => {
      const place = row.insertCell();
      place.style.backgroundColor = level(value);
      const number = signed ? `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(1)}` : `${(100 * value).toFixed(0)}%`;
      place.title = say(signed ? "lostWithout" : "looksAt", { written: text || say("end"), source: columns[column], value: number });
      place.append(Object.assign(document.createElement("span"), { className: "unseen", textContent: number }));
    });
  });
  box.replaceChildren(table);
}

function cell(tag, text, scope) {
  const made = Object.assign(document.createElement(tag), { scope });
  made.append(Object.assign(document.createElement("span"), { textContent: text }));
  return made;
}
