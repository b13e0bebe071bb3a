// Where the tour points: the marked elements, and on a narrow screen the memory as a sheet between the
// header and the card, which covers neither the card nor the composer.
const element = (id) => document.getElementById(id);
const MARGIN = 12; // px around what is marked
const narrow = matchMedia("(max-width: 899px)");

export class TourPlace {
  constructor() {
    this.shell = element("shell");
    this.memory = element("memory");
    this.button = element("tour-turn");
    this.marked = [];
    const foot = document.querySelector(".composer-place");
    new ResizeObserver(() => {
      this.shell.style.setProperty("--tour-room", `${foot.offsetHeight}px`);
      this.#reveal(); // another text of the card leaves another room above it
    }).observe(foot);
    this.button.addEventListener("click", () => this.#sheet(!this.shown));
    this.memory.querySelector("[data-close]").addEventListener("click", () => this.#sheet(false));
    narrow.addEventListener("change", () => this.#sheet(this.shown));
  }

  get shown() { return this.memory.classList.contains("toured"); }

  enter() {
    this.shell.classList.add("touring");
  }

  leave() {
    for (const each of this.marked) each.classList.remove("tour-mark");
    this.marked = [];
    this.shell.classList.remove("touring");
    this.memory.classList.remove("toured");
    this.button.hidden = true;
  }

  // step: where to look; elements: what to look at there.
  mark({ where }, elements, follow) {
    for (const each of this.marked) each.classList.remove("tour-mark");
    this.marked = elements.filter(Boolean);
    Object.assign(this, { where, follow });
    for (const each of this.marked) each.classList.add("tour-mark");
    this.button.hidden = where !== "memory";
    this.#sheet(where === "memory");
    this.#reveal();
  }

  #reveal() {
    const inChat = this.marked.filter((each) => element("scroller").contains(each));
    for (const each of this.marked) if (!inChat.includes(each)) each.scrollIntoView({ block: "nearest" });
    if (this.where !== "chat" && inChat.length) this.#bring(inChat, this.follow);
  }

  // All of them if they fit, else from the first on: lines begin there.
  #bring(elements, follow) {
    const scroller = element("scroller");
    const boxes = elements.map((each) => each.getBoundingClientRect());
    const [first, last] = [Math.min(...boxes.map(({ top }) => top)), Math.max(...boxes.map(({ bottom }) => bottom))];
    const { top, bottom } = this.#room(scroller);
    if (first >= top + MARGIN && last <= bottom - MARGIN) return;
    follow.leave();
    const fits = last - first <= bottom - top - 2 * MARGIN;
    const by = fits && last > bottom - MARGIN ? last - bottom + MARGIN : first - top - MARGIN;
    scroller.scrollTo({ top: scroller.scrollTop + by, behavior: "instant" });
  }

  // What of the scroller a sheet leaves uncovered.
  #room(scroller) {
    const { top, bottom } = scroller.getBoundingClientRect();
    const sheet = narrow.matches && element("trace")?.getBoundingClientRect();
    return { top, bottom: sheet?.height ? Math.min(bottom, sheet.top) : bottom };
  }

  #sheet(shown) {
    this.memory.classList.toggle("toured", shown);
    const { dataset } = this.button;
    this.button.textContent = shown ? dataset.chat : dataset.memory;
  }
}
