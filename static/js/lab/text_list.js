// The texts that were read, their words coloured by the running score. Event "choose" (detail: {text, word}).
import { ground, line } from "./tones.js";
import { percent } from "./reader.js";
import { say } from "../shared/strings.js";

// The text's end comes after its last word.
export const wordText = (read, index) => read.words[index]?.text.trim() ?? say("end");

export class TextList extends EventTarget {
  constructor(list) {
    super();
    this.list = list;
    this.rows = [];
    list.addEventListener("click", ({ target }) => {
      const item = target.closest(".lab-text");
      if (!item) return;
      const word = target.closest(".lab-word");
      this.#tell(item, word);
    });
    list.addEventListener("keydown", (event) => this.#key(event));
  }

  // rows: [{text, read: what the server said, or null}]; a row that stays keeps its element and focus.
  show(rows) {
    const before = new Map(this.rows.map((row) => [row.text, row]));
    this.rows = rows.map(({ text, read }) => {
      const row = before.get(text) ?? { text, read: null, item: item(text) };
      before.delete(text);
      if (read && !row.read) this.#fill(row, read);
      return row;
    });
    this.list.replaceChildren(...this.rows.map((row) => row.item));
  }

  #fill(row, read) {
    row.read = read;
    const place = row.item.firstElementChild;
    row.words = read.words.map(({ text }, index) => {
      const word = Object.assign(document.createElement("button"), { type: "button", className: "lab-word", textContent: text, tabIndex: index ? -1 : 0 });
      return word;
    });
    // The space before a word stays outside of its colour, and of its line.
    place.replaceChildren(...row.words.flatMap((word) => {
      const [space] = /^\s*/.exec(word.textContent);
      if (space && space !== word.textContent) word.textContent = word.textContent.slice(space.length);
      return space && space !== word.textContent ? [space, word] : [word];
    }));
    if (read.cut) place.append(` ${say("cut")}`);
    const end = Object.assign(document.createElement("button"), { type: "button", className: "lab-word lab-end", textContent: say("end"), lang: document.documentElement.lang, tabIndex: row.words.length ? -1 : 0 });
    row.words.push(end);
    place.append(" ", end);
    this.colour(row, read.logits);
  }

  // logits: after each word, then after the text's end, which is the text's score
  colour(row, logits) {
    row.words.forEach((word, index) => {
      word.style.backgroundColor = ground(logits[index]);
      word.style.borderBottomColor = line(logits[index]);
      word.setAttribute("aria-label", say("wordScore", { word: wordText(row.read, index), score: percent(logits[index]) }));
    });
    row.item.lastElementChild.textContent = percent(logits.at(-1));
  }

  mark(chosen, at) {
    for (const row of this.rows) {
      row.item.classList.toggle("chosen", row === chosen);
      row.words?.forEach((word, index) => {
        const on = row === chosen && index === at;
        if (on) word.setAttribute("aria-pressed", "true");
        else word.removeAttribute("aria-pressed");
      });
    }
  }

  repaint() {
    for (const row of this.rows) if (row.read) this.colour(row, row.read.logits);
  }

  #tell(element, word) {
    const row = this.rows.find(({ item: own }) => own === element);
    const at = word ? row.words.indexOf(word) : -1;
    this.dispatchEvent(new CustomEvent("choose", { detail: { row, word: at < 0 ? null : at } }));
  }

  #key(event) {
    const word = event.target.closest(".lab-word");
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (!word || step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const { words } = this.rows.find(({ words: own }) => own?.includes(word));
    const to = Math.max(0, Math.min(words.length - 1, words.indexOf(word) + step));
    words[to].focus();
    this.#tell(words[to].closest(".lab-text"), words[to]);
  }
}

function item(text) {
  const element = Object.assign(document.createElement("li"), { className: "lab-text" });
  const words = Object.assign(document.createElement("div"), { className: "lab-words", textContent: text, lang: "en" });
  const score = Object.assign(document.createElement("span"), { className: "lab-score mono", textContent: "…" });
  element.append(words, score);
  return element;
}
