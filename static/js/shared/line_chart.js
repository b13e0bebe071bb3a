// A line chart on a canvas: named axes with units, a crosshair by pointer and arrow keys whose
// numbers are shown in one fixed place, a summary for screen readers, its numbers as CSV.
//
//   const chart = new LineChart(canvas, readout);
//   chart.show({
//     x: {label: "step", whole: true}, y: {label: "bits per byte", log: true},
//     series: [{label: "train", hue: "--gate-i", points: [[0, 8.1], [10, 7.4]], dashed: false, faint: false}],
//     empty: "no data yet", // shown while there is no point
//   });
// A faint series is drawn behind the others and isn't read out.
// Events on the canvas: "mark" (detail: the x of the crosshair, or null), "show" (detail: how many x).
import { colour } from "./colour_ramp.js";
import { elided } from "./graphemes.js";
import { rounded } from "./numbers.js";

const PAD = { left: 56, right: 12, top: 10, bottom: 36 };
const NAME = 18; // the width of the y axis' name, beside its numbers
const TICKS = 5;
const EMPTY_AT = 110;
const APART = 8; // px between the numbers or words of the x axis
const LONGEST = 18; // characters of one

export class LineChart {
  constructor(canvas, readout) {
    this.canvas = canvas;
    this.readout = readout;
    this.data = { x: { label: "" }, y: { label: "" }, series: [] };
    this.at = null; // the x of the crosshair, or null
    canvas.tabIndex = 0;
    canvas.addEventListener("pointermove", (event) => this.#mark(this.#nearest(event.offsetX)));
    canvas.addEventListener("pointerleave", () => this.#mark(null));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("themechange", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  show(data) {
    this.data = data;
    this.xs = [...new Set(data.series.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
    if (!this.xs.includes(this.at)) this.at = null;
    this.canvas.dispatchEvent(new CustomEvent("show", { detail: this.xs.length }));
    // A picture to a screen reader once it has a summary; before that there is nothing to describe.
    const summary = this.summary() || [data.y.label, data.empty].filter(Boolean).join(": ");
    if (!summary) return this.draw();
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", summary);
    this.draw();
  }

  // An axis may have its own number format.
  #xText(x) {
    return (this.data.x.text ?? number)(x);
  }

  summary() {
    return this.data.series
      .filter(({ points, faint }) => points.length && !faint)
      .map(({ label, points }) => `${label}: ${number(points[0][1])} → ${number(points.at(-1)[1])}`)
      .join("; ");
  }

  csv() {
    const { x } = this.data;
    const series = this.data.series.filter(({ smooth }) => !smooth); // the numbers without smoothing
    const cell = (text) => `"${String(text).replaceAll('"', '""')}"`;
    const columns = series.map(({ points }) => new Map(points));
    const rows = (this.xs ?? []).map((at) => [at, ...columns.map((column) => column.get(at) ?? "")].join(","));
    return [[x.label, ...series.map(({ label }) => label)].map(cell).join(","), ...rows].join("\n") + "\n";
  }

  #ranges() {
    const all = this.data.series.flatMap(({ points }) => points);
    const range = (axis, k) => {
      const values = all.map((point) => point[k]).filter((v) => Number.isFinite(v) && (!axis.log || v > 0));
      let low = axis.min ?? Math.min(...values);
      let high = axis.max ?? Math.max(...values);
      if (!Number.isFinite(low) || !Number.isFinite(high)) [low, high] = axis.log ? [1, 10] : [0, 1];
      if (low === high) [low, high] = axis.log ? [low / 2, high * 2] : [low - 0.5, high + 0.5];
      return [low, high];
    };
    return { x: range(this.data.x, 0), y: range(this.data.y, 1) };
  }

  draw() {
    const { canvas } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width || !height) return;
    const ratio = devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    if (!this.xs?.length) return this.#drawEmpty(pen, width, height);
    this.#drawOn(pen, width, height);
    if (this.at === null) return;
    pen.lineWidth = 1;
    pen.strokeStyle = `rgb(${colour("--muted")})`;
    line(pen, this.px(this.at), PAD.top, this.px(this.at), height - PAD.bottom);
  }

  // The same lines in another picture, without the crosshair.
  copyTo(pen, width, height) {
    const { px, py } = this;
    this.#drawOn(pen, width, height);
    Object.assign(this, { px, py });
  }

  #drawOn(pen, width, height) {
    const { x: rx, y: ry } = this.#ranges();
    const scale = (axis, [low, high], from, to) => (v) => {
      const t = axis.log ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low);
      return from + t * (to - from);
    };
    const style = getComputedStyle(this.canvas);
    pen.font = `12px ${style.fontFamily}`;
    const rows = ticks(ry, this.data.y.log, this.data.y.whole);
    const widest = Math.max(0, ...rows.map((tick) => pen.measureText(number(tick)).width));
    const left = Math.max(PAD.left, Math.ceil(widest) + 6 + NAME);
    this.px = scale(this.data.x, rx, left, width - PAD.right);
    this.py = scale(this.data.y, ry, height - PAD.bottom, PAD.top);
    const muted = `rgb(${colour("--muted")})`;
    pen.strokeStyle = `rgb(${colour("--line")})`;
    pen.fillStyle = muted;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    for (const tick of rows) {
      const y = Math.round(this.py(tick)) + 0.5;
      line(pen, left, y, width - PAD.right, y);
      pen.fillText(number(tick), left - 6, y);
    }
    pen.textAlign = "center";
    this.#drawXTicks(pen, ticks(rx, this.data.x.log, this.data.x.whole), width, height - PAD.bottom + 12);
    pen.fillText(this.data.x.label, (left + width - PAD.right) / 2, height - 8);
    pen.save();
    pen.translate(9, (PAD.top + height - PAD.bottom) / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText(this.data.y.label, 0, 0);
    pen.restore();
    for (const { hue, points, dashed, faint } of [...this.data.series].sort((a, b) => Boolean(b.faint) - Boolean(a.faint))) {
      pen.globalAlpha = faint ? 0.3 : 1;
      pen.strokeStyle = pen.fillStyle = `rgb(${colour(hue)})`;
      pen.lineWidth = 1.75;
      pen.setLineDash(dashed ? [5, 4] : []);
      pen.beginPath();
      for (const [x, y] of points) if (!this.data.y.log || y > 0) pen.lineTo(this.px(x), this.py(y));
      pen.stroke();
      if (points.length === 1) pen.fillRect(this.px(points[0][0]) - 2, this.py(points[0][1]) - 2, 4, 4);
    }
    pen.globalAlpha = 1;
    pen.setLineDash([]);
  }

  // Each whole within the picture, or left out where it would touch the one before.
  #drawXTicks(pen, values, width, y) {
    let end = -Infinity;
    for (const tick of values) {
      const text = elided(String(this.#xText(tick)), LONGEST);
      const half = pen.measureText(text).width / 2;
      const x = Math.max(half, Math.min(width - half, this.px(tick)));
      if (x - half < end + APART) continue;
      pen.fillText(text, x, y);
      end = x + half;
    }
  }

  // Axes without a point would only show meaningless numbers.
  #drawEmpty(pen, width, height) {
    this.px = null;
    pen.font = `13px ${getComputedStyle(this.canvas).fontFamily}`;
    pen.fillStyle = `rgb(${colour("--muted")})`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    // At one height in charts of a row, whether they leave room for a legend or not.
    pen.fillText(this.data.empty ?? "", width / 2, Math.min(height / 2, EMPTY_AT));
  }

  // The crosshair on the point nearest to x, in step with another chart.
  markAt(x) {
    const at = x === null || !this.xs?.length ? null : this.xs.reduce((best, other) => (Math.abs(other - x) < Math.abs(best - x) ? other : best));
    if (at !== this.at) this.#mark(at, false);
  }

  #nearest(offset) {
    if (!this.xs?.length || !this.px) return null;
    return this.xs.reduce((best, x) => (Math.abs(this.px(x) - offset) < Math.abs(this.px(best) - offset) ? x : best));
  }

  #mark(x, tell = true) {
    this.at = x;
    this.draw();
    if (tell) this.canvas.dispatchEvent(new CustomEvent("mark", { detail: x }));
    if (!this.readout) return;
    const values = this.data.series
      .filter(({ faint }) => !faint)
      .map(({ label, points }) => [label, points.find(([at]) => at === x)?.[1]])
      .filter(([, y]) => y !== undefined)
      .map(([label, y]) => `${label} ${number(y)}`);
    this.readout.textContent = x === null ? "" : `${this.data.x.label} ${this.#xText(x)}  ${values.join("  ")}`;
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!this.xs?.length || (step === undefined && event.key !== "Home" && event.key !== "End")) return;
    event.preventDefault();
    const last = this.xs.length - 1;
    const now = this.at === null ? (step === 1 ? -1 : last + 1) : this.xs.indexOf(this.at);
    const next = event.key === "Home" ? 0 : event.key === "End" ? last : Math.max(0, Math.min(last, now + step));
    this.#mark(this.xs[next]);
  }
}

function line(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

// About TICKS round numbers within a range, integers where nothing lies between; powers of ten, or 1,
// 2 and 5 times them, on a log axis.
function ticks([low, high], log, whole = false) {
  if (log) {
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
      for (const digit of [1, 2, 5]) ticks.push(digit * 10 ** power);
    }
    const inside = ticks.filter((v) => v >= low && v <= high);
    // Within one decade a log axis has too few of these: round numbers serve better.
    if (inside.length > 2) return inside.length > 2 * TICKS ? inside.filter((v) => Number.isInteger(Math.log10(v))) : inside;
  }
  const rough = Math.max((high - low) / TICKS, whole ? 1 : 0);
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((m) => m * unit >= rough * 0.999);
  const ticks = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) ticks.push(Math.abs(v) < step * 1e-9 ? 0 : v);
  return ticks;
}

// At most four significant digits, without an exponent for ordinary sizes.
export function number(v) {
  if (!Number.isFinite(v)) return "–";
  if (v !== 0 && (Math.abs(v) < 1e-4 || Math.abs(v) >= 1e7)) return powerOfTen(v);
  return rounded(v, 4);
}

const RAISED = { "-": "⁻", ...Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹"].map((digit, n) => [n, digit])) };
// 0.0000914 -> "9.1 × 10⁻⁵", 0.00001 -> "10⁻⁵".
function powerOfTen(v) {
  const [digits, exponent] = v.toExponential(1).split("e");
  const power = `10${[...exponent.replace("+", "")].map((sign) => RAISED[sign]).join("")}`;
  return digits === "1.0" ? power : `${digits.replace(/\.0$/, "").replace("-", "−")} × ${power}`;
}
