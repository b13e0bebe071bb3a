// The maps on the page as one picture to show somebody: title, maps with their tokens as the heads of
// the columns, prompt and reply, legend.
import { colour } from "../shared/colour_ramp.js";

const PAD = 24;
const GAP = 16;
const WIDTH = 1200;
const TALLEST = 640;
const FLAT = 20; // px over a map for its tokens as they are read
const TURNED = 72; // the same where they are turned up
const CLOSEST = 13; // px between two heads: where columns are narrower, every n-th token has one

const rgb = (name) => `rgb(${colour(name).join()})`;

// panes: [{canvas, split, tokens, caption, texts: what the tokens say}]; ends: [lowest, highest] in words
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

// Whether every token fits over its column as it is read.
function fit(texts, wide, fontFamily) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  pen.font = `12px ${fontFamily}`;
  return texts.every((text) => pen.measureText(text.trim()).width < wide / texts.length - 4);
}

// Each token over its column, turned up where columns are narrow, and every n-th in a long turn.
function heads(pen, texts, { x, y, column, fontFamily, flat }) {
  const every = Math.max(1, Math.ceil(CLOSEST / column));
  pen.fillStyle = rgb("--text");
  pen.font = `12px ${fontFamily}`;
  pen.textAlign = flat ? "center" : "left";
  for (let token = 0; token < texts.length; token += every) {
    pen.save();
    pen.translate(x + (token + 0.5) * column + (flat ? 0 : 4), y);
    if (!flat) pen.rotate(-Math.PI / 2);
    pen.fillText(texts[token].trim(), 0, 0, flat ? column : TURNED - 8);
    pen.restore();
  }
}

export function mapPicture({ title, subtitle, panes, lut, ends }) {
  const columns = Math.min(3, panes.length);
  const rows = Math.ceil(panes.length / columns);
  const wide = (WIDTH - 2 * PAD - (columns - 1) * GAP) / columns;
  const high = Math.min(TALLEST, panes.length > 1 ? 320 : 512);
  const { fontFamily } = getComputedStyle(document.body);
  const flat = panes.every(({ texts = [] }) => fit(texts, wide, fontFamily));
  const room = flat ? FLAT : TURNED;
  const top = 20 + room;
  const picture = document.createElement("canvas");
  Object.assign(picture, { width: WIDTH, height: 2 * PAD + 64 + rows * (high + top + GAP) + 40 });
  const pen = picture.getContext("2d");
  const write = (text, x, y, size, name, align = "left") => {
    pen.font = `${size}px ${fontFamily}`;
    pen.textAlign = align;
    pen.fillStyle = rgb(name);
    pen.fillText(text, x, y, WIDTH - 2 * PAD);
  };
  pen.fillStyle = rgb("--ground");
  pen.fillRect(0, 0, picture.width, picture.height);
  write(title, PAD, PAD + 20, 22, "--text");
  write(subtitle, PAD, PAD + 46, 15, "--muted");
  panes.forEach(({ canvas, split, tokens, caption, texts = [] }, k) => {
    const x = PAD + (k % columns) * (wide + GAP);
    const y = PAD + 64 + Math.floor(k / columns) * (high + top + GAP);
    write(caption, x, y + 12, 14, "--muted");
    heads(pen, texts, { x, y: y + 16 + room, column: wide / tokens, fontFamily, flat });
    drawSharp(pen, canvas, x, y + top, wide, high);
    pen.strokeStyle = rgb("--line-strong");
    pen.strokeRect(x - 0.5, y + top - 0.5, wide + 1, high + 1);
    if (split <= 0 || split >= tokens) return; // in another window
    pen.fillStyle = rgb("--text");
    pen.fillRect(x + (split / tokens) * wide - 1, y + top, 2, high);
  });
  const y = picture.height - PAD - 12;
  for (let k = 0; k < 256; k += 1) {
    const packed = lut[k];
    pen.fillStyle = `rgb(${packed & 255} ${(packed >> 8) & 255} ${(packed >> 16) & 255})`;
    pen.fillRect(PAD + 48 + k, y - 12, 1.5, 14);
  }
  write(ends[0], PAD + 40, y, 14, "--text", "right");
  write(ends[1], PAD + 312, y, 14, "--text");
  write("Gatescope", WIDTH - PAD, y, 14, "--muted", "right");
  return picture;
}
