// A small panel above the composer that opens from a button. It covers nothing, so it stays open
// while the chat goes on; Escape, its button or another drawer closes it.
const drawers = new Set();

export class Drawer {
  constructor(panel, button, opened = () => {}) {
    Object.assign(this, { panel, button, opened });
    button.addEventListener("click", () => (this.isOpen ? this.shut() : this.open()));
    panel.querySelector("[data-shut]").addEventListener("click", () => this.shut());
    drawers.add(this);
    // In the capturing phase, so that Escape shuts the panel and leaves a reply running; in the
    // message field it stops the reply first.
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.isOpen) return;
      if (event.target.id === "text" && !document.getElementById("stop").hidden) return;
      event.stopImmediatePropagation();
      this.shut();
    }, true);
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  open() {
    for (const other of drawers) if (other !== this && other.isOpen) other.#hide();
    this.panel.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.opened();
  }

  shut() {
    this.#hide();
    this.button.focus();
  }

  #hide() {
    this.panel.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
  }
}
