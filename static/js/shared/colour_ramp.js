// Colour ramps: 0..1 from the page's ground to a gate's hue; signed values through the ground.
// Mixed in OKLab, so that equal steps in value look like equal steps in colour.
const probe = document.createElement("i");
probe.hidden = true;
document.documentElement.append(probe);
const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

// Reading a property computes the page's styles, so each is read once a theme.
const known = new Map();
document.addEventListener("themechange", () => known.clear());

// The sRGB bytes of a custom property, in any notation and theme.
export function colour(name) {
  if (!known.has(name)) known.set(name, ask(name));
  return known.get(name);
}

function ask(name) {
  probe.style.color = `var(${name})`;
  pixel.fillStyle = getComputedStyle(probe).color;
  pixel.fillRect(0, 0, 1, 1);
  return [...pixel.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

const linear = (byte) => (byte <= 10.31475 ? byte / 3294.6 : ((byte / 255 + 0.055) / 1.055) ** 2.4);
const gamma = (v) => Math.round(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));

// Björn Ottosson's OKLab matrices.
function toLab(rgb) {
  const [r, g, b] = rgb.map(linear);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function toRgb([L, a, b]) {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((v) => gamma(Math.min(1, Math.max(0, v))));
}

const BEYOND = 0.75; // of the text's colour in that of an outlier
const mix = (from, to, share) => from.map((v, k) => v + (to[k] - v) * share);
const pack = ([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r;

// 256 packed RGBA values; index 0 is the lowest value, 255 the highest. Then the colours that mark
// what is below and above them. A strength below 1 stops short of the hue, so that text can be read on
// it, marked or not.
export function ramp(hue, signed, { strength = 1, from = "--raised", below = "--below-zero" } = {}) {
  const ground = toLab(colour(from));
  const end = (name) => mix(ground, toLab(colour(name)), strength);
  const high = end(hue);
  const low = signed ? end(below) : ground;
  const marked = (end) => (strength < 1 ? end : mix(end, toLab(colour("--text")), BEYOND));
  return Uint32Array.from({ length: 258 }, (_, k) => {
    if (k > 255) return pack(toRgb(marked(k === 256 ? low : high)));
    const v = k / 255;
    if (!signed) return pack(toRgb(mix(ground, high, v)));
    return pack(toRgb(v < 0.5 ? mix(low, ground, v * 2) : mix(ground, high, v * 2 - 1)));
  });
}

export const css = (packed) => `rgb(${packed & 255} ${(packed >> 8) & 255} ${(packed >> 16) & 255})`;

// Draws values into a canvas of one pixel a value. at(x, y) -> value; scale: largest |value|; lut: a ramp,
// or several that the rows take in turn.
export function paint(canvas, width, height, lut, signed, scale, at) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const out = new Uint32Array(image.data.buffer);
  const gain = signed ? 127.5 / scale : 255 / scale;
  const zero = signed ? 127.5 : 0;
  const ramps = Array.isArray(lut) ? lut : [lut];
  for (let y = 0, k = 0; y < height; y += 1) {
    const row = ramps[y % ramps.length];
    for (let x = 0; x < width; x += 1, k += 1) {
      out[k] = row[Math.max(0, Math.min(255, Math.round(at(x, y) * gain + zero)))];
    }
  }
  context.putImageData(image, 0, 0);
}
