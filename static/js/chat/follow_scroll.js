// The view follows the end only while the reader is there; else a button leads back to it. On a
// return to the page (Back, a reload) the earlier place is restored.
import { Kept } from "../shared/browser_storage.js";

const NEAR = 40; // px
const SETTLE = 500; // ms after the page is loaded
const RETURNS = new Set(["back_forward", "reload"]);

// Chromium's headless shell sometimes has no such entry; the older interface then has the answer.
function isReturn() {
  const [entry] = performance.getEntriesByType("navigation");
  if (entry) return RETURNS.has(entry.type);
  const { type, TYPE_RELOAD, TYPE_BACK_FORWARD } = performance.navigation;
  return type === TYPE_RELOAD || type === TYPE_BACK_FORWARD;
}

export class Follow {
  constructor(scroller, contents, jump, chat) {
    this.kept = new Kept("sessionStorage", "place", chat);
    this.jump = jump;
    this.scroller = scroller;
    this.following = true;
    this.top = 0; // the position after the last scroll
    scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    const sizes = new ResizeObserver(() => {
      this.#followBlank();
      if (this.held) this.#restore(this.held);
      else if (this.following) this.#toEnd();
    });
    for (const part of [scroller, ...contents]) sizes.observe(part);
    jump.addEventListener("click", () => this.end());
    this.#followBlank();
    const returned = isReturn();
    this.returned = returned && this.#restore(this.kept.value);
    if (this.returned) this.#hold(this.kept.value);
    else this.#toEnd();
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
    this.following = false;
    this.jump.hidden = false;
    // A reply may be lower than before: Markdown keeps the height of the plain text until a reload.
    const { top, height } = turn.getBoundingClientRect();
    this.scroller.scrollTop += top - this.scroller.getBoundingClientRect().top + Math.min(place.past, height - 1);
    this.top = this.scroller.scrollTop;
    return true;
  }

  // The earlier place stays until the page has its final layout, or the reader moves: what is drawn
  // late changes the heights, and a scroller that is still short would pass for one at its end.
  #hold(place) {
    this.held = place;
    const release = () => (this.held = null);
    for (const type of ["wheel", "touchstart", "pointerdown", "keydown"]) addEventListener(type, release, { once: true, passive: true });
    const settled = () => setTimeout(release, SETTLE);
    if (document.readyState === "complete") settled();
    else addEventListener("load", settled, { once: true });
  }

  end() {
    this.held = null;
    this.following = true;
    this.jump.hidden = true;
    this.#followBlank();
    this.#toEnd();
  }

  // The reader was brought to another place.
  leave() {
    this.held = null;
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
    if (this.blank) return;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    // Now, not at its event: the reader may have moved up again until that arrives.
    this.top = this.scroller.scrollTop;
  }

  // Only a move upwards is the reader's: growth below moves nothing, and may happen again before the
  // event of our own last move arrives.
  #look() {
    if (this.held) return;
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (scrollHeight - scrollTop - clientHeight < NEAR) this.following = true;
    else if (scrollTop < this.top) this.following = false;
    this.top = scrollTop;
    this.jump.hidden = this.following;
    this.#followBlank();
  }
}
