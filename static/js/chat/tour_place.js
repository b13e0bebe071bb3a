// Where the tour points: the marked elements, and on a narrow screen the memory as a sheet between the
// header and the card, which covers neither the card nor the composer.
const element = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 899px)");

export class TourPlace {
  constructor() {
    this.shell = element("shell");
    this.memory = element("memory");
    this.button = element("tour-turn");
    this.marked = [];
    const foot = document.querySelector(".composer-place");
    new ResizeObserver(() => this.shell.style.setProperty("--tour-room", `${foot.offsetHeight}px`)).observe(foot);
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
    for (const each of this.marked) each.classList.add("tour-mark");
    this.button.hidden = where !== "memory";
    this.#sheet(where === "memory");
    for (const each of this.marked) {
      if (!element("scroller").contains(each)) each.scrollIntoView({ block: "nearest" });
      else if (where !== "chat") this.#bring(each, follow);
    }
  }

  #bring(each, follow) {
    const [box, outer] = [each, element("scroller")].map((one) => one.getBoundingClientRect());
    if (box.top >= outer.top && box.bottom <= outer.bottom) return;
    follow.leave();
    (each.closest(".turn") ?? each).scrollIntoView({ block: "nearest" });
  }

  #sheet(shown) {
    this.memory.classList.toggle("toured", shown);
    const { dataset } = this.button;
    this.button.textContent = shown ? dataset.chat : dataset.memory;
  }
}
