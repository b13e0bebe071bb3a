// The first graphemes of a text: a family of emoji, a flag or a letter with its marks stays whole.
const segmenter = globalThis.Intl?.Segmenter && new Intl.Segmenter();

const graphemes = (text) => (segmenter ? Array.from(segmenter.segment(text), ({ segment }) => segment) : [...text]);

export const cut = (text, most) => graphemes(text).slice(0, most).join("");

// With a mark where it was cut, which counts as one of them.
export function elided(text, most) {
  const parts = graphemes(text);
  return parts.length > most ? `${parts.slice(0, most - 1).join("")}…` : text;
}
