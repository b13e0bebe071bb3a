// How far the memory moved at each token: a bar over each column of the map, the highest in the
// accent's colour. On the page, and in its picture.
import { colour } from "../shared/colour_ramp.js";

const rgb = (name) => `rgb(${colour(name).join()})`;

// pen at the left end of the base line; column: px a token
export function moveBars(pen, values, most, column, high) {
  const top = Math.max(...values, 1e-9);
  const wide = Math.max(1, column - (column > 4 ? 2 : 0));
  values.forEach((value, token) => {
    const tall = Math.max(1, (value / top) * high);
    pen.fillStyle = rgb(token === most ? "--accent" : "--line-strong");
    pen.fillRect(token * column + (column - wide) / 2, -tall, wide, tall);
  });
}

export function drawMoves(canvas, values, most, width, column, high) {
  const ratio = devicePixelRatio || 1;
  Object.assign(canvas, { width: Math.min(16000, Math.round(width * ratio)), height: high * ratio });
  canvas.style.width = `${width}px`;
  const pen = canvas.getContext("2d");
  pen.scale(canvas.width / width, ratio);
  pen.translate(0, high);
  moveBars(pen, [...values], most, column, high);
}
