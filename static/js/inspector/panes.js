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

  // list: [{map, order, layer, split, lut, small, caption, label, described}]; a pane that was
  // shown before keeps its place, its focus and its scroll.
  show(list) {
    while (this.all.length > list.length) {
      const { heatmap, figure } = this.all.pop();
      heatmap.remove();
      figure.remove();
    }
    while (this.all.length < list.length) this.#add();
    this.shown = list.map((pane) => {
      const rows = new Uint16Array(pane.map.units);
      pane.order.forEach((unit, row) => (rows[unit] = row));
      return { ...pane, rows };
    });
    this.shown.forEach((pane, k) => {
      const { figure, heatmap } = this.all[k];
      const caption = figure.querySelector("figcaption");
      caption.firstElementChild.textContent = pane.caption;
      caption.hidden = !pane.caption;
      this.#key(figure.querySelector(".ramp-key"), pane);
      heatmap.box.setAttribute("aria-label", pane.label);
      heatmap.box.setAttribute("aria-description", pane.described);
      heatmap.show(pane);
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

  // A difference has bounds of its own, and so have layers of different scales; those of one map are
  // in the histogram's legend.
  #key(key, { kind, map, lut }) {
    const [low, canvas, high] = key.children;
    const ends = ({ map: other }) => other.ends.map((v) => other.write(v)).join();
    key.hidden = kind !== "difference" && new Set(this.shown.map(ends)).size === 1;
    low.textContent = key.hidden ? "" : map.write(map.ends[0]);
    high.textContent = key.hidden ? "" : `${map.ends[0] < 0 ? "+" : ""}${map.write(map.ends[1])}`;
    if (!key.hidden) paint(canvas, 256, 1, lut, false, 255, (x) => x);
  }

  // The mark is on the token in every map, and on the unit in those of its layer.
  // at(token) -> its place in the other turn's maps, where these have tokens of their own
  mark({ layer, token, unit }, at = null) {
    this.at = at;
    this.shown.forEach((pane, k) => {
      const { heatmap } = this.all[k];
      heatmap.box.classList.toggle("marked", pane.layer === layer);
      heatmap.mark(this.#place(pane, token) ?? heatmap.token, pane.layer === layer ? pane.rows[unit] : heatmap.row);
    });
  }

  pin(token, unit) {
    this.shown.forEach((pane, k) => this.all[k].heatmap.pin(this.#place(pane, token), unit && unit.layer === pane.layer ? pane.rows[unit.unit] : null));
  }

  #place(pane, token) {
    return pane.kind === "other" && this.at && token !== null ? this.at(token) : token;
  }

  reveal() {
    for (const { heatmap } of this.all) heatmap.reveal();
  }

  focus() {
    this.all[0]?.heatmap.box.focus({ preventScroll: true }); // whatever is below stays in place
  }
}
