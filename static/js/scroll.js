// The view follows the end only while the reader is there; else a button offers the way back.
const NEAR = 40; // px

export class Follow {
  constructor(scroller, contents, jump) {
    this.scroller = scroller;
    this.following = true;
    this.top = 0; // where the last scroll came to
    scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    const sizes = new ResizeObserver(() => this.following && this.#toEnd());
    for (const part of [scroller, ...contents]) sizes.observe(part);
    jump.addEventListener("click", () => this.end());
    this.jump = jump;
    this.#toEnd();
  }

  end() {
    this.following = true;
    this.jump.hidden = true;
    this.#toEnd();
  }

  // The reader was brought to another place.
  leave() {
    this.following = false;
    this.jump.hidden = false;
  }

  #toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  // Only a move upwards is a reader's: what grows below moves nothing, and may have grown again
  // before the event of our own last move is heard.
  #look() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (scrollHeight - scrollTop - clientHeight < NEAR) this.following = true;
    else if (scrollTop < this.top) this.following = false;
    this.top = scrollTop;
    this.jump.hidden = this.following;
  }
}
