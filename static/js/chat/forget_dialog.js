// Which turn to forget: the turns of the branch, chosen from a list.
import { cut } from "../shared/graphemes.js";
import { say } from "../shared/strings.js";

const dialog = document.getElementById("forget-dialog");
const list = document.getElementById("forget-list");

// turns: [{id, text}] of the branch, oldest first; chosen(id).
export function chooseForgotten(turns, chosen) {
  list.replaceChildren(...turns.map(({ id, text }, k) => {
    const [item, button, number, words] = ["li", "button", "span", "span"].map((tag) => document.createElement(tag));
    const short = cut(text.replace(/\s+/g, " "), 80);
    number.textContent = k + 1;
    number.className = "quiet mono";
    words.textContent = short;
    words.dir = "auto";
    button.type = "button";
    button.className = "item";
    button.setAttribute("aria-label", say("forgetTurn", { n: k + 1, text: short }));
    button.append(number, words);
    button.addEventListener("click", () => {
      dialog.close();
      chosen(id);
    });
    item.append(button);
    return item;
  }));
  dialog.showModal();
  list.querySelector("button")?.focus();
}

dialog.querySelector("[data-shut]").addEventListener("click", () => dialog.close());
