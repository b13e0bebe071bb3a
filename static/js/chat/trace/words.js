// Tokens joined to words: a piece without a space before it belongs to the word that it goes on with,
// and a closing mark to the word that it closes. Chinese has no spaces: there a token stands alone.
const ENDS = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}\p{M}'’_-]$/u;
const GOES_ON = /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}\p{M}'’_-]/u;
const CLOSES = /^[\p{Po}\p{Pe}\p{Pf}]+$/u;

// [{text, …}] -> [{text, start, stop, tokens: places}]: start and stop in the texts joined, without the
// white space around and the marks that close the word; a token without text (a piece of a character, a control token) joins the
// word before it only in the middle of a character.
export function wordsOf(tokens) {
  const words = [];
  let at = 0;
  tokens.forEach(({ text }, place) => {
    const last = words.at(-1);
    const joins = last && last.open && (text === "" || (ENDS.test(last.text) && GOES_ON.test(text)) || (last.text.trim() && CLOSES.test(text)));
    if (joins) {
      last.text += text;
      last.tokens.push(place);
    } else {
      words.push({ text, at, tokens: [place], open: true });
    }
    if (/\s$/.test(text)) words.at(-1).open = false;
    at += text.length;
  });
  return words.map(({ text, at: begin, tokens: places }) => {
    const start = begin + text.length - text.trimStart().length;
    const word = text.trim().replace(/(?<=.)[\p{Po}\p{Pe}\p{Pf}]+$/u, "");
    return { text: word, start, stop: start + word.length, tokens: places };
  });
}
