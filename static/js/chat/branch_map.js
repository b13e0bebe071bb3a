// The map of a chat's branches: one mark a turn, time to the right, a lane for each branch.
import { cut } from "../shared/graphemes.js";
import { isTalk, pathTo } from "./tree.js";
import { say, wordsOf } from "../shared/strings.js";

const SVG = "http://www.w3.org/2000/svg";
const FINGER = matchMedia("(pointer: coarse)").matches;
const STEP = FINGER ? 44 : 28; // px between turns
const LANE = FINGER ? 44 : 24; // px between branches
const REACH = FINGER ? 22 : 12; // px around a mark that belong to it
const EDGE = FINGER ? 24 : 16;
const R = 5;
const LABEL = 80; // characters of a message that a label has
const LOST = new Set(["interrupted", "failed"]);
const CUT = new Set(["stopped", "length"]);

export class TreeMap {
  // goTo(id or null): called to move the head there; null is the blank memory.
  constructor(box, readout, goTo) {
    Object.assign(this, { box, readout, goTo, places: [] });
    box.addEventListener("keydown", (event) => this.#key(event));
    box.addEventListener("click", (event) => this.#choose(this.#at(event)));
    box.addEventListener("focusin", (event) => this.#tell(this.#at(event)));
    box.addEventListener("pointerover", (event) => this.#at(event) && this.#tell(this.#at(event)));
  }

  // sought: the turn of a search result.
  draw(tree, sought) {
    const focused = this.box.contains(document.activeElement) ? document.activeElement.dataset.turn : undefined;
    const path = new Set(pathTo(tree, tree.head).map((turn) => turn.id));
    this.head = tree.head ?? null;
    this.sought = sought ?? undefined;
    this.places = layOut(tree);
    const columns = Math.max(...this.places.map((place) => place.column)) + 1;
    const lanes = Math.max(...this.places.map((place) => place.lane)) + 1;
    const picture = make("svg", { width: EDGE * 2 + (columns - 1) * STEP, height: EDGE * 2 + (lanes - 1) * LANE });
    const byId = new Map(this.places.map((place) => [place.id, place]));
    const lines = make("g", { "aria-hidden": "true" });
    for (const place of this.places) {
      place.onPath = place.id === null || path.has(place.id);
      place.number = this.places.indexOf(place);
      if (place.id !== null) lines.append(line(byId.get(place.parent), place));
    }
    picture.append(lines);
    for (const place of this.places) {
      place.mark = this.#mark(place);
      picture.append(place.mark);
    }
    this.box.replaceChildren(picture);
    const here = byId.get(focused === undefined ? this.head : focused || null) ?? byId.get(null);
    here.mark.setAttribute("tabindex", "0");
    if (focused !== undefined) here.mark.focus();
    this.#tell(here);
    byId.get(this.head)?.mark.scrollIntoView?.({ block: "nearest", inline: "center" });
  }

  // The turn that gets the focus; undefined: the last one that had it.
  focus(turn) {
    const from = this.box.querySelector("[tabindex='0']");
    const mark = this.places.find(({ id }) => id === turn)?.mark ?? from;
    from?.setAttribute("tabindex", "-1");
    mark?.setAttribute("tabindex", "0");
    mark?.focus();
  }

  #mark(place) {
    const head = place.id === this.head;
    const mark = make("g", {
      role: "button",
      tabindex: "-1",
      class: ["node", place.onPath ? "on-path" : "", head ? "head" : "", place.lost ? "lost" : "", place.id === this.sought ? "sought" : ""].join(" ").trim(),
      transform: `translate(${x(place)} ${y(place)})`,
      "aria-label": words(place, head),
    });
    mark.dataset.turn = place.id ?? "";
    if (head) mark.setAttribute("aria-current", "step");
    if (place.lost || place.status === "running") mark.setAttribute("aria-disabled", "true");
    mark.append(make("circle", { r: REACH, class: "reach" }));
    if (head) mark.append(make("circle", { r: R + 4, class: "ring" }));
    mark.append(shape(place));
    return mark;
  }

  #at(event) {
    const mark = event.target.closest?.(".node");
    return mark && this.places.find((place) => place.mark === mark);
  }

  #choose(place) {
    if (!place || place.lost || place.status === "running" || place.id === this.head) return;
    this.goTo(place.id);
  }

  #tell(place) {
    if (place) this.readout.textContent = words(place, place.id === this.head);
  }

  #key(event) {
    const place = this.#at(event);
    if (!place) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#choose(place);
      return;
    }
    const to = this.#beside(place, event.key);
    if (to === undefined) return;
    event.preventDefault();
    if (!to) return;
    place.mark.setAttribute("tabindex", "-1");
    to.mark.setAttribute("tabindex", "0");
    to.mark.focus();
  }

  // Left to the parent, right to the child on the path (or the first), up and down across lanes.
  #beside(place, key) {
    const { places } = this;
    if (key === "Home") return places[0];
    if (key === "End") return places.find((other) => other.id === this.head);
    if (key === "ArrowLeft") return place.id === null ? null : places.find((other) => other.id === place.parent);
    if (key === "ArrowRight") {
      const children = places.filter((other) => other.id !== null && other.parent === place.id);
      return children.find((other) => other.onPath) ?? children[0] ?? null;
    }
    const step = { ArrowUp: -1, ArrowDown: 1 }[key];
    if (!step) return undefined;
    const column = places.filter((other) => other.column === place.column).sort((a, b) => a.lane - b.lane);
    return column[column.indexOf(place) + step] ?? null;
  }
}

// The blank memory at the left, then each turn one column after its parent. The first child stays
// in its parent's lane, each other one takes the next free lane below. Without recursion: a chat may
// be thousands of turns deep.
export function layOut(tree) {
  const children = new Map();
  for (const turn of tree.turns) {
    const parent = turn.parent ?? null;
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(turn);
  }
  const places = [{ id: null, parent: null, column: 0, lane: 0, status: "start" }];
  const waiting = [places[0]];
  let lanes = 0;
  while (waiting.length) {
    const place = waiting.pop();
    if (place.lane < 0) place.lane = (lanes += 1);
    const below = (children.get(place.id) ?? []).map((turn, k) => ({
      id: turn.id,
      parent: place.id,
      column: place.column + 1,
      lane: k ? -1 : place.lane, // -1: a lane of its own, assigned when it is reached
      status: turn.status,
      text: turn.change ?? turn.user_text ?? "",
      changes: !isTalk(turn),
      lost: LOST.has(turn.status),
    }));
    if (place !== places[0]) places.push(place);
    waiting.push(...below.reverse());
  }
  return places;
}

export function branches(tree) {
  const parents = new Set(tree.turns.map((turn) => turn.parent ?? null));
  return tree.turns.filter((turn) => !parents.has(turn.id)).length;
}

const x = (place) => EDGE + place.column * STEP;
const y = (place) => EDGE + place.lane * LANE;

function words({ id, column, text, changes, status, onPath }, head) {
  const short = cut(text ?? "", LABEL).replace(/\s+/g, " ");
  const what = id === null ? say("treeStart") : changes ? say("treeChange", { n: column, text: short }) : say("treeTurn", { n: column, text: short, status: wordsOf("status")[status] ?? status });
  return head ? say("treeHere", { what }) : onPath && id !== null ? say("treeOnPath", { what }) : what;
}

function line(from, to) {
  const [x1, y1, x2, y2] = [x(from), y(from), x(to), y(to)];
  const bend = y1 === y2 ? `H${x2}` : `C${x1 + STEP / 2} ${y1} ${x1 + STEP / 4} ${y2} ${x2} ${y2}`;
  return make("path", { d: `M${x1} ${y1}${bend}`, class: to.onPath ? "on-path" : "" });
}

function shape({ id, status, lost, changes }) {
  if (id === null) return make("path", { d: `M0 ${-R - 1}L${R + 1} 0L0 ${R + 1}L${-R - 1} 0Z`, class: "shape" });
  if (lost) return make("path", { d: `M${-R + 1} ${-R + 1}L${R - 1} ${R - 1}M${R - 1} ${-R + 1}L${-R + 1} ${R - 1}`, class: "shape cross" });
  if (changes) return make("path", { d: `M0 ${-R}L${R} ${R - 1}H${-R}Z`, class: "shape" });
  if (CUT.has(status)) return make("rect", { x: -R + 0.5, y: -R + 0.5, width: 2 * R - 1, height: 2 * R - 1, class: "shape" });
  return make("circle", { r: R, class: status === "running" ? "shape hollow" : "shape" });
}

function make(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}
