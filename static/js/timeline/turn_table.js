// The timeline in words: a sentence on the layer, and a table with a link to each turn.
import { number } from "../shared/line_chart.js";
import { say } from "../shared/strings.js";

export function summary({ moved, norms, distances }, states, layer) {
  const most = moved.reduce((best, value, k) => (k && value > moved[best] ? k : best), 1);
  const last = states.length - 1;
  const { number: turn, label: text } = states[most];
  const told = { layer: layer + 1, most: String(turn), text, by: number(moved[most]) };
  if (last === 1) return say("summaryOne", told);
  const row = distances[last];
  const near = row.reduce((best, value, k) => (k && k < last && (best === 0 || value < row[best]) ? k : best), 0);
  return say("summary", {
    ...told, last: String(states[last].number), norm: number(norms[last]), near: String(states[near].number), gap: number(row[near]),
  });
}

export function drawTable(body, { moved, norms, distances }, states) {
  body.replaceChildren(...states.slice(1).map(({ number: turn, label, turn: id }, k) => {
    const line = document.createElement("tr");
    const head = line.appendChild(document.createElement("th"));
    head.scope = "row";
    Object.assign(head.appendChild(document.createElement("a")), { href: `/turn/${id}/`, textContent: turn, ariaLabel: say("openTurn", { n: turn }) });
    line.appendChild(document.createElement("td")).textContent = label;
    for (const value of [moved[k + 1], norms[k + 1], distances.at(-1)[k + 1]]) {
      line.appendChild(document.createElement("td")).textContent = number(value);
    }
    return line;
  }));
}
