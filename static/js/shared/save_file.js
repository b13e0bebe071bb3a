// Passes a file that the page has made to the browser's downloads.
export function saveBlob(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function saveText(text, name, type = "text/csv") {
  saveBlob(new Blob([text], { type: `${type};charset=utf-8` }), name);
}

export function savePicture(canvas, name) {
  canvas.toBlob((blob) => saveBlob(blob, name), "image/png");
}

// A canvas of the page as a picture, with a line above it that tells what it shows.
export function saveCaptioned(canvas, name, caption) {
  const scale = canvas.width / canvas.clientWidth;
  const head = Math.round(32 * scale);
  const picture = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height + head });
  const drawing = picture.getContext("2d");
  const { color, fontFamily } = getComputedStyle(canvas);
  drawing.fillStyle = getComputedStyle(document.body).backgroundColor;
  drawing.fillRect(0, 0, picture.width, picture.height);
  drawing.fillStyle = color;
  drawing.font = `600 ${14 * scale}px ${fontFamily}`;
  drawing.fillText(caption, 12 * scale, 22 * scale, picture.width - 24 * scale);
  drawing.drawImage(canvas, 0, head);
  savePicture(picture, name);
}
