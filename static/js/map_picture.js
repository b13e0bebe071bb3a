// The maps on the page as one picture to show somebody: title, maps, prompt and reply, legend.
import { colour } from "./ramp.js";

const PAD = 24;
const GAP = 16;
const WIDTH = 1200;
const TALLEST = 640;

const rgb = (name) => `rgb(${colour(name).join()})`;

// panes: [{canvas, split, tokens, caption}]; ends: [lowest, highest] in words
export function mapPicture({ title, subtitle, panes, lut, ends }) {
  const columns = Math.min(3, panes.length);
  const rows = Math.ceil(panes.length / columns);
  const wide = (WIDTH - 2 * PAD - (columns - 1) * GAP) / columns;
  const high = Math.min(TALLEST, panes.length > 1 ? 320 : 512);
  const picture = document.createElement("canvas");
  Object.assign(picture, { width: WIDTH, height: 2 * PAD + 64 + rows * (high + 20 + GAP) + 40 });
  const pen = picture.getContext("2d");
  const { fontFamily } = getComputedStyle(document.body);
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
  panes.forEach(({ canvas, split, tokens, caption }, k) => {
    const x = PAD + (k % columns) * (wide + GAP);
    const y = PAD + 64 + Math.floor(k / columns) * (high + 20 + GAP);
    write(caption, x, y + 12, 14, "--muted");
    pen.imageSmoothingEnabled = canvas.width > wide || canvas.height > high;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(canvas, x, y + 20, wide, high);
    pen.strokeStyle = rgb("--line-strong");
    pen.strokeRect(x - 0.5, y + 19.5, wide + 1, high + 1);
    pen.fillStyle = rgb("--text");
    pen.fillRect(x + (split / tokens) * wide - 1, y + 20, 2, high);
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
