// The view follows the end only while the reader is there; else a button offers the way back.
const NEAR = 40; // px

export class Follow {
  constructor(scroller, contents, jump) {
    this.scroller = scroller;
    this.following = true;
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

  #toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  #look() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.following = scrollHeight - scrollTop - clientHeight < NEAR;
    this.jump.hidden = this.following;
  }
}
