// The first graphemes of a text: a family of emoji, a flag or a letter with its marks stays whole.
const segmenter = globalThis.Intl?.Segmenter && new Intl.Segmenter();

export function cut(text, most) {
  const parts = segmenter ? Array.from(segmenter.segment(text), ({ segment }) => segment) : [...text];
  return parts.slice(0, most).join("");
}
