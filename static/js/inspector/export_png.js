// The maps on the page as one picture: title, maps with their tokens as column heads, prompt and
// reply, legend. And one unit's plot with its title and the names of its lines.
import { colour } from "../shared/colour_ramp.js";
import { moveBars } from "./moves.js";
import { isUpright } from "./token_text.js";

const PAD = 24;
const GAP = 16;
const WIDTH = 1200;
const TALLEST = 640;
const FLAT = 20; // px above a map for horizontal tokens
const TURNED = 72; // the same for rotated ones
const SIDE = 64; // px beside a map for the names of its bands
const BARS = 40; // px above it for the bars of its tokens
const LABEL = 16; // px between the names of two bands
const WIDEST = 12000; // px of a picture
const CLOSEST = 13; // px between two heads: where columns are narrower, every n-th token has one

const rgb = (name) => `rgb(${colour(name).join()})`;

// Rows may be averaged, since a map has more of them than the picture has lines; tokens never are:
// a smoothing along both axes would mix a token with its neighbours.
function drawSharp(pen, canvas, x, y, wide, high) {
  const rows = document.createElement("canvas");
  Object.assign(rows, { width: canvas.width, height: Math.round(high) });
  const context = rows.getContext("2d");
  context.imageSmoothingEnabled = canvas.height > high;
  context.imageSmoothingQuality = "high";
  context.drawImage(canvas, 0, 0, rows.width, rows.height);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(rows, x, y, wide, high);
}

// A text that is too wide ends in "…": a name may have 200 characters.
function cut(pen, text, room) {
  if (pen.measureText(text).width <= room) return text;
  const signs = [...text];
  while (signs.length && pen.measureText(`${signs.join("")}…`).width > room) signs.pop();
  return `${signs.join("")}…`;
}

// Whether every token fits horizontally over its column.
function fit(texts, wide, fontFamily) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  pen.font = `12px ${fontFamily}`;
  return texts.every((text) => pen.measureText(text.trim()).width < wide / texts.length - 4);
}

// The signs of a token one below the other, down to the map.
function stack(pen, signs, boxed) {
  pen.textAlign = "center";
  signs.reverse().forEach((sign, k) => pen.fillText(sign, -4, -5 - k * 13));
  if (boxed) pen.strokeRect(-11.5, -4.5 - signs.length * 13, 15, signs.length * 13 + 3);
}

// Each token over its column, rotated where columns are narrow, and every n-th in a long turn.
function heads(pen, texts, { x, y, column, fontFamily, flat, special }) {
  const every = Math.max(1, Math.ceil(CLOSEST / column));
  pen.strokeStyle = rgb("--line-strong");
  pen.font = `12px ${fontFamily}`;
  pen.textAlign = flat ? "center" : "left";
  for (let token = 0; token < texts.length; token += every) {
    pen.save();
    pen.translate(x + (token + 0.5) * column + (flat ? 0 : 4), y);
    const text = texts[token].trim();
    pen.fillStyle = rgb(special?.[token] ? "--muted" : "--text");
    if (!flat && isUpright(text)) {
      stack(pen, [...text], special?.[token]);
      pen.restore();
      continue;
    }
    if (!flat) pen.rotate(-Math.PI / 2);
    const most = flat ? column : TURNED - 8;
    pen.fillText(text, 0, 0, most);
    // A special token is no word of the text: in a box, as in the sentence.
    const size = Math.min(most, pen.measureText(text).width);
    if (special?.[token]) pen.strokeRect((flat ? -size / 2 : 0) - 2.5, -10.5, size + 5, 13);
    pen.restore();
  }
}

// The names of the bands beside a map, and a rule over it where one begins.
function bandNames(pen, bands, rows, { x, y, wide, high, fontFamily }) {
  let free = 0;
  for (const { from, label } of bands) {
    const top = (from / rows) * high;
    const at = Math.max(free, Math.min(top, high - LABEL));
    free = at + LABEL;
    pen.font = `12px ${fontFamily}`;
    pen.textAlign = "right";
    pen.fillStyle = rgb("--muted");
    pen.fillText(label, x - 8, y + at + 11);
    pen.fillStyle = rgb("--text");
    if (from > 0) pen.fillRect(x - 6, y + top, wide + 6, 1);
  }
}

// A scale from its lowest to its highest colour, with its ends in words; `right`: where it ends.
function scaleBar(pen, { lut, ends: [low, high], left, right, y, long }) {
  pen.textAlign = "left";
  pen.fillStyle = rgb("--text");
  const [before, after] = [low, high].map((text) => Math.ceil(pen.measureText(text).width));
  const from = (left ?? right - after - long - before - 16) + before + 8;
  pen.fillText(low, from - 8 - before, y);
  pen.fillText(high, from + long + 8, y);
  for (let k = 0; k < long; k += 1) {
    const packed = lut[Math.floor((k * 256) / long)];
    pen.fillStyle = `rgb(${packed & 255} ${(packed >> 8) & 255} ${(packed >> 16) & 255})`;
    pen.fillRect(from + k, y - 12, 1.5, 14);
  }
}

// panes: [{canvas, split, tokens, caption, texts: what the tokens say, special: which are no text,
// rows: their number, bands, moves, lut, ends: [lowest, highest] in words}] as those of a Heatmap
export function mapPicture({ title, subtitle, panes }) {
  // One scale for all maps, or one beside each caption.
  const one = new Set(panes.map(({ ends }) => ends.join())).size === 1;
  const columns = Math.min(3, panes.length);
  const rows = Math.ceil(panes.length / columns);
  const side = panes.some(({ bands }) => bands?.length) ? SIDE : 0;
  const bars = panes.some(({ moves }) => moves) ? BARS : 0;
  // A token has a pixel at least.
  const most = Math.max(...panes.map(({ tokens }) => tokens));
  const width = Math.min(WIDEST, Math.max(WIDTH, columns * (most + side) + 2 * PAD + (columns - 1) * GAP));
  const wide = (width - 2 * PAD - (columns - 1) * GAP) / columns - side;
  const high = Math.min(TALLEST, panes.length > 1 ? 320 : 512);
  const { fontFamily } = getComputedStyle(document.body);
  const flat = panes.every(({ texts = [] }) => fit(texts, wide, fontFamily));
  const room = flat ? FLAT : TURNED;
  const top = 20 + room + bars;
  const picture = document.createElement("canvas");
  Object.assign(picture, { width, height: 2 * PAD + 64 + rows * (high + top + GAP) + 40 });
  const pen = picture.getContext("2d");
  const write = (text, x, y, size, name, align = "left") => {
    pen.font = `${size}px ${fontFamily}`;
    pen.textAlign = align;
    pen.fillStyle = rgb(name);
    pen.fillText(cut(pen, text, width - 2 * PAD), x, y);
  };
  pen.fillStyle = rgb("--ground");
  pen.fillRect(0, 0, picture.width, picture.height);
  write(title, PAD, PAD + 20, 22, "--text");
  write(subtitle, PAD, PAD + 46, 15, "--muted");
  panes.forEach(({ canvas, split, tokens, caption, texts = [], special, rows: units, bands = [], moves, lut, ends }, k) => {
    const x = PAD + side + (k % columns) * (wide + side + GAP);
    const y = PAD + 64 + Math.floor(k / columns) * (high + top + GAP);
    write(caption, x, y + 12, 14, "--muted");
    if (!one) scaleBar(pen, { lut, ends, right: x + wide, y: y + 12, long: 96 });
    heads(pen, texts, { x, y: y + 16 + room, column: wide / tokens, fontFamily, flat, special });
    if (moves) {
      pen.save();
      pen.translate(x, y + top - 2);
      moveBars(pen, [...moves.values].slice(0, tokens), moves.most, wide / tokens, BARS - 8);
      pen.restore();
    }
    drawSharp(pen, canvas, x, y + top, wide, high);
    bandNames(pen, bands, units, { x, y: y + top, wide, high, fontFamily });
    pen.strokeStyle = rgb("--line-strong");
    pen.strokeRect(x - 0.5, y + top - 0.5, wide + 1, high + 1);
    if (split <= 0 || split >= tokens) return; // in another window
    pen.fillStyle = rgb("--text");
    pen.fillRect(x + (split / tokens) * wide - 1, y + 16, 2, top - 16 + high);
  });
  const y = picture.height - PAD - 12;
  pen.font = `14px ${fontFamily}`;
  if (one) scaleBar(pen, { ...panes[0], left: PAD, y, long: 256 });
  write("Gatescope", width - PAD, y, 14, "--muted", "right");
  return picture;
}

const PLOT = 420; // px that the plot itself is high
const SHARP = 2; // pixels of the picture for one of the plot's

// chart: a LineChart that shows something; lines: [{label, hue}] in words for the legend
export function plotPicture({ title, subtitle, chart, lines }) {
  const [wide, top] = [960, PAD + 96];
  const picture = document.createElement("canvas");
  Object.assign(picture, { width: wide * SHARP, height: (top + PLOT + PAD) * SHARP });
  const pen = picture.getContext("2d");
  const { fontFamily } = getComputedStyle(document.body);
  pen.scale(SHARP, SHARP);
  pen.fillStyle = rgb("--ground");
  pen.fillRect(0, 0, wide, picture.height);
  const write = (text, x, y, size, name) => {
    pen.font = `${size}px ${fontFamily}`;
    pen.fillStyle = rgb(name);
    const shown = cut(pen, text, wide - PAD - x);
    pen.fillText(shown, x, y);
    return x + pen.measureText(shown).width;
  };
  write(title, PAD, PAD + 20, 22, "--text");
  write(subtitle, PAD, PAD + 46, 15, "--muted");
  let x = PAD;
  for (const { label, hue } of lines) {
    pen.fillStyle = rgb(hue);
    pen.fillRect(x, PAD + 66, 12, 12);
    x = write(label, x + 18, PAD + 77, 14, "--text") + 20;
  }
  pen.font = `14px ${fontFamily}`;
  write("Gatescope", wide - PAD - pen.measureText("Gatescope").width, PAD + 77, 14, "--muted");
  pen.save();
  pen.translate(PAD, top);
  chart.copyTo(pen, wide - 2 * PAD, PLOT);
  pen.restore();
  return picture;
}
