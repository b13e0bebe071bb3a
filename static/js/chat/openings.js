// An opening is a small experiment of a few messages: a click sends the first, and each reply is
// followed by the next one to send, with what to watch for.
import { Kept } from "../shared/browser_storage.js";
import { focusComposer } from "./composer_focus.js";
import { say } from "../shared/strings.js";

const element = (id) => document.getElementById(id);

export class Openings {
  // send(text) -> whether the message was taken.
  constructor(chat, openings, send) {
    this.kept = new Kept("sessionStorage", "opening", chat);
    this.send = send;
    element("openings").addEventListener("click", (event) => {
      const chosen = event.target.closest("[data-opening]");
      if (!chosen) return;
      const { steps, meanings, watch, language } = openings[chosen.dataset.opening];
      if (!send(steps[0])) return;
      this.kept.value = { steps: steps.slice(1), meanings: meanings.slice(1), watch, language };
      focusComposer();
    });
    element("next-step").addEventListener("click", () => {
      const { steps, meanings = [], ...rest } = this.kept.value;
      if (!send(steps[0])) return;
      this.kept.value = { steps: steps.slice(1), meanings: meanings.slice(1), ...rest };
      focusComposer();
    });
    element("next-end").addEventListener("click", () => {
      this.kept.value = null;
      this.show(false);
      focusComposer();
    });
    // An earlier click would be lost, so the page comes with these buttons disabled.
    for (const button of element("openings").querySelectorAll("button")) button.disabled = false;
  }

  // After a reply: the next step; while one runs, or where the memory is blank, none. What to watch for
  // is shown once more beside the result of the last step, as long as that turn is the head.
  show(ready, head) {
    const kept = this.kept.value ?? {};
    const { steps = [], meanings = [], watch = "", language = "" } = kept;
    if (ready && watch && !steps.length) {
      kept.end ??= head;
      this.kept.value = kept.end === head ? kept : null;
      if (kept.end !== head) return this.show(ready, head);
    }
    element("next").hidden = !(ready && watch);
    if (!ready || !watch) return;
    element("watch").textContent = watch;
    element("next-step").hidden = !steps.length;
    element("next-step").textContent = steps.length ? say("next", { text: steps[0] }) : "";
    element("next-step").lang = language;
    element("next-meaning").textContent = meanings[0] ?? "";
  }
}
