// The view follows the end only while the reader is there; else a button leads back to it. On a
// return to the page (Back, a reload) the earlier place is restored.
import { Kept } from "../shared/browser_storage.js";

const NEAR = 40; // px
const RETURNS = new Set(["back_forward", "reload"]);

export class Follow {
  constructor(scroller, contents, jump, chat) {
    this.kept = new Kept("sessionStorage", "place", chat);
    this.scroller = scroller;
    this.following = true;
    this.top = 0; // the position after the last scroll
    scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    const sizes = new ResizeObserver(() => {
      this.#followBlank();
      if (this.following) this.#toEnd();
    });
    for (const part of [scroller, ...contents]) sizes.observe(part);
    jump.addEventListener("click", () => this.end());
    this.jump = jump;
    this.#followBlank();
    const returned = RETURNS.has(performance.getEntriesByType("navigation")[0]?.type);
    this.returned = returned && this.#restore(this.kept.value);
    if (!this.returned) this.#toEnd();
    addEventListener("pagehide", () => (this.kept.value = this.#place()));
  }

  // The turn at the upper edge and how far it has scrolled past it; null at the end. Not a number of
  // pixels from the top: there may be new replies, or the window may have another width.
  #place() {
    if (this.following) return null;
    const { top } = this.scroller.getBoundingClientRect();
    const turn = [...this.scroller.querySelectorAll(".turn[id]")].find((li) => li.getBoundingClientRect().bottom > top);
    return turn ? { turn: turn.id, past: top - turn.getBoundingClientRect().top } : null;
  }

  #restore(place) {
    const turn = place && document.getElementById(place.turn);
    if (!turn) return false;
    this.leave();
    // A reply may be lower than before: Markdown keeps the height of the plain text until a reload.
    const { top, height } = turn.getBoundingClientRect();
    this.scroller.scrollTop += top - this.scroller.getBoundingClientRect().top + Math.min(place.past, height - 1);
    this.top = this.scroller.scrollTop;
    return true;
  }

  end() {
    this.following = true;
    this.jump.hidden = true;
    this.#followBlank();
    this.#toEnd();
  }

  // The reader was brought to another place.
  leave() {
    this.following = false;
    this.jump.hidden = false;
  }

  // Without a turn there are the openings: they are read from their beginning, without a way to an
  // end, and the next turn to stand there is followed.
  #followBlank() {
    const blank = !this.scroller.querySelector(".turn");
    if (blank && !this.blank) this.scroller.scrollTop = 0;
    this.blank = blank;
    if (!blank) return;
    this.following = true;
    this.jump.hidden = true;
  }

  #toEnd() {
    if (!this.blank) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  // Only a move upwards is the reader's: growth below moves nothing, and may happen again before the
  // event of our own last move arrives.
  #look() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (scrollHeight - scrollTop - clientHeight < NEAR) this.following = true;
    else if (scrollTop < this.top) this.following = false;
    this.top = scrollTop;
    this.jump.hidden = this.following;
    this.#followBlank();
  }
}
