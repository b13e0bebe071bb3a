// A token outside of the sentence: its white space is marked, and a special token is in a box, so
// that it isn't read as a word of the text.
export const visible = (text) => text.replaceAll("↵\n", "\n").replaceAll("\n", "↵").replaceAll("\t", "⇥").replace(/^ | $/g, "␣") || "·";

export function tokenNode(text, special) {
  const node = document.createElement("span");
  node.className = special ? "token control" : "token-text";
  node.textContent = special ? text : visible(text);
  return node;
}

// Whether a token stands upright over a narrow column: one sign, or a few of a script that is also
// written from top to bottom. Any other is turned.
const UPRIGHT = /^(?:.|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff00-\uffef]{2,5})$/u;
export const isUpright = (text) => UPRIGHT.test(text);
