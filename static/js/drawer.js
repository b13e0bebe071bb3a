// A small panel over the composer that opens from a button; Escape and a click elsewhere shut it.
export class Drawer {
  constructor(panel, button, opened = () => {}) {
    Object.assign(this, { panel, button, opened });
    button.addEventListener("click", () => (this.isOpen ? this.shut() : this.open()));
    panel.querySelector("[data-shut]").addEventListener("click", () => this.shut());
    document.addEventListener("pointerdown", (event) => {
      if (this.isOpen && !panel.contains(event.target) && !button.contains(event.target)) this.#hide();
    });
    // In the capturing phase, so that Escape shuts the panel and leaves a reply running.
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.isOpen) return;
      event.stopImmediatePropagation();
      this.shut();
    }, true);
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  open() {
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
