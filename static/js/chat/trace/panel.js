// The panel beside the chat: a traced word's sources as a list, and what each turn's absence would
// change, on request.
import { rounded } from "../../shared/numbers.js";
import { say } from "../../shared/strings.js";

const element = (id) => document.getElementById(id);
const percents = new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 0 });
export function percent(share) {
  const size = Math.abs(share);
  if (size > 0 && size < 0.005) return `< ${percents.format(0.01)}`;
  return `${share < 0 ? "−" : ""}${percents.format(size)}`;
}

function make(name, className, text) {
  const node = Object.assign(document.createElement(name), { className });
  if (text !== undefined) node.textContent = text;
  return node;
}

// The words of the reply in a row, the traced one pressed: arrow keys move, Enter or a click traces.
export function showWords(words, chosen, trace) {
  const row = element("trace-words");
  const shown = words.filter(({ text }) => text);
  const held = row.contains(document.activeElement);
  row.replaceChildren(...shown.map((word) => {
    const button = make("button", "trace-choice", word.text);
    button.type = "button";
    button.setAttribute("aria-pressed", String(word === chosen));
    button.tabIndex = word === (chosen ?? shown[0]) ? 0 : -1;
    button.addEventListener("click", () => trace(word));
    return button;
  }));
  if (held) row.querySelector("[aria-pressed=true]")?.focus();
  row.onkeydown = (event) => {
    const buttons = [...row.children];
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[event.key];
    const at = buttons.indexOf(document.activeElement);
    const to = event.key === "Home" ? 0 : event.key === "End" ? buttons.length - 1 : step && at + step;
    if (to === undefined || !buttons[to]) return;
    event.preventDefault();
    for (const button of buttons) button.tabIndex = -1;
    buttons[to].tabIndex = 0;
    buttons[to].focus();
  };
}

export function showWaiting(word) {
  element("trace-word").textContent = word ? say("traceWord", { word: word.text }) : say("traceChoose");
  element("trace-note").textContent = say(word ? "traceWaiting" : "traceChooseNote");
  element("trace-body").hidden = true;
}

export function showFault(sentence) {
  element("trace-note").textContent = sentence;
}

function sourceItem({ text, place, share, against, go }) {
  const item = make("li", against ? "against" : "");
  const button = make(go ? "button" : "div", "trace-source");
  const bar = make("span", "trace-bar");
  bar.style.setProperty("--share", share);
  bar.ariaHidden = "true";
  button.append(bar, make("span", "trace-share mono", percent(against ? -share : share)), make("span", "trace-text", text), make("span", "trace-place quiet small", place));
  if (go) {
    button.type = "button";
    button.addEventListener("click", go);
  }
  item.append(button);
  return item;
}

// sources: [{text, place, share, against, go}], strongest first; rest: the share of all others.
export function showSources(sources, rest, residual) {
  element("trace-note").textContent = say("traceNote");
  element("trace-body").hidden = false;
  element("trace-sources").replaceChildren(...sources.map(sourceItem));
  element("trace-rest").textContent = say("traceRest", { rest: percent(rest), residual: residual < 1e-6 ? "< 0.0001%" : `${rounded(100 * residual, 2)}%` });
}

// rows: [{name, text, share, delta}]; delta undefined: not computed, null: skipped.
export function showTurns(rows) {
  element("trace-effects").hidden = !rows.length;
  element("trace-effect").hidden = !rows.length;
  element("trace-alone").hidden = rows.length > 0;
  element("trace-turns").replaceChildren(...rows.map(({ name, text, share, delta }) => {
    const row = make("tr", "");
    const head = make("th", "");
    head.scope = "row";
    head.title = text;
    head.append(make("span", "", name), " ", make("span", "quiet", text));
    const effect = make("td", delta < -0.005 ? "helps" : "", delta === undefined ? "–" : delta === null ? say("traceSkipped") : signed(delta));
    row.append(head, make("td", "", percent(share)), effect);
    return row;
  }));
}

// Log-probabilities with a sign, two digits after the point.
const two = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const isZero = (value) => Math.abs(value) < 0.005;
const signed = (value) => (isZero(value) ? two.format(0) : `${value < 0 ? "−" : "+"}${two.format(Math.abs(value))}`);

export function showEffect({ busy = false, correlation, count, fault = "" }) {
  const button = element("trace-effect");
  button.disabled = busy;
  button.textContent = say(busy ? "traceComputing" : "traceCompute");
  if (correlation !== undefined) button.hidden = true;
  element("trace-agreement").textContent =
    fault || (correlation === undefined ? "" : correlation === null ? say("traceNoRank") : say("traceRank", { rank: two.format(correlation).replace("-", "−"), n: count }));
}

// busy: being computed; sources: as those of showSources; rest: of all others; farther: tokens not reached.
export function showSaliency({ busy = false, sources = [], rest = 0, farther = 0, fault = "" }) {
  const button = element("trace-saliency");
  button.disabled = busy;
  button.hidden = sources.length > 0;
  button.textContent = say(busy ? "traceSloping" : "traceSlope");
  element("trace-salient").replaceChildren(...sources.map(sourceItem));
  element("trace-farther").textContent = fault || (sources.length ? say(farther ? "traceFarther" : "traceOthers", { n: farther, rest: percent(rest) }) : "");
}
