// The maps on the page: one, one a layer, or two replies beside each other; all with one mark.
// Event "move" (detail: {pane, token, unit, chosen}).
import { Heatmap } from "./heatmap.js";
import { paint } from "../shared/colour_ramp.js";
import { shadeEdges } from "../shared/edge_shade.js";

export class Panes extends EventTarget {
  constructor(box, template) {
    super();
    Object.assign(this, { box, template, all: [], shown: [] });
  }

  // list: [{map, order, layer, split, lut, small, caption, label, described}]; what was shown
  // before keeps its place, its focus and its scroll.
  show(list) {
    while (this.all.length > list.length) {
      const { heatmap, figure } = this.all.pop();
      heatmap.remove();
      figure.remove();
    }
    while (this.all.length < list.length) this.#add();
    this.shown = list.map((one) => {
      const rows = new Uint16Array(one.map.units);
      one.order.forEach((unit, row) => (rows[unit] = row));
      return { ...one, rows };
    });
    this.shown.forEach((one, k) => {
      const { figure, heatmap } = this.all[k];
      const caption = figure.querySelector("figcaption");
      caption.firstElementChild.textContent = one.caption;
      caption.hidden = !one.caption;
      this.#key(figure.querySelector(".ramp-key"), one);
      heatmap.box.setAttribute("aria-label", one.label);
      heatmap.box.setAttribute("aria-description", one.described);
      heatmap.show(one);
    });
  }

  #add() {
    const figure = this.template.content.firstElementChild.cloneNode(true);
    const k = this.all.length;
    const heatmap = new Heatmap(figure.querySelector(".map"));
    if (k === 0) heatmap.box.id = "map";
    shadeEdges(heatmap.box);
    heatmap.addEventListener("move", ({ detail: { token, row, chosen } }) => {
      const pane = this.shown[k];
      this.dispatchEvent(new CustomEvent("move", { detail: { pane, token, unit: pane.order[row], chosen } }));
    });
    this.box.append(figure);
    this.all.push({ figure, heatmap });
  }

  // A difference has ends of its own; of the gate itself the histogram's legend tells.
  #key(key, { kind, map, lut }) {
    const [low, canvas, high] = key.children;
    key.hidden = kind !== "difference";
    low.textContent = key.hidden ? "" : map.write(map.low);
    high.textContent = key.hidden ? "" : `+${map.write(map.high)}`;
    if (!key.hidden) paint(canvas, 256, 1, lut, false, 255, (x) => x);
  }

  // The mark stands on the token in every map, and on the unit in those of its layer.
  mark({ layer, token, unit }) {
    this.shown.forEach((one, k) => {
      const { heatmap } = this.all[k];
      heatmap.box.classList.toggle("marked", one.layer === layer);
      heatmap.mark(token, one.layer === layer ? one.rows[unit] : heatmap.row);
    });
  }

  pin(token, unit) {
    this.shown.forEach((one, k) => this.all[k].heatmap.pin(token, unit && unit.layer === one.layer ? one.rows[unit.unit] : null));
  }

  reveal() {
    for (const { heatmap } of this.all) heatmap.reveal();
  }

  focus() {
    this.all[0]?.heatmap.box.focus({ preventScroll: true }); // what is below stays where it is
  }
}
