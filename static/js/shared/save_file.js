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
