// Undo, redo and the map: three ways to move the head. None of them rewrites anything: the memory is
// again the state after the head's turn, and later turns are set aside.
import { Drawer } from "./drawer.js";
import { TreeMap, branches } from "./branch_map.js";
import { focusComposer } from "./composer_focus.js";
import { elsewhere, pathTo, undone } from "./tree.js";
import { Kept } from "../shared/browser_storage.js";
import { grouped } from "../shared/numbers.js";
import { say } from "../shared/strings.js";

const element = (id) => document.getElementById(id);
const FIELDS = "input, textarea, select, [contenteditable]";

export class Steps {
  // goTo(turn or null) -> whether the request was sent; complete("user_text") -> the tree with all
  // texts; isBlank(field): Ctrl+Z has nothing to undo in that field.
  // beforeForgetting() -> the head before a turn was just forgotten, or null.
  constructor(chat, { goTo, complete, isBlank, beforeForgetting }) {
    Object.assign(this, { goTo, complete, isBlank, beforeForgetting });
    this.kept = new Kept("sessionStorage", "furthest", chat);
    // The turn from which undo, or a blank memory, began: redo leads there, also after a reload.
    this.furthest = this.kept.value;
    this.aim = undefined; // a requested head that isn't there yet
    this.map = new TreeMap(element("tree-map"), element("tree-at"), goTo);
    this.drawer = new Drawer(element("tree"), element("tree-open"), () => this.#drawMap(true));
    element("undo").addEventListener("click", () => this.undo());
    const note = element("later");
    for (const button of [element("redo"), note.querySelector("[data-redo]")]) {
      button.addEventListener("click", () => this.redo());
    }
    note.querySelector("[data-redo-all]").addEventListener("click", () => this.redoAll());
    element("aside").querySelector("button").addEventListener("click", () => this.aside && this.goTo(this.aside.leaf));
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  // The last act: forgetting a turn, or the last turn.
  undo() {
    // Not while an earlier step is under way: the page's head isn't there yet.
    const before = this.aim === undefined ? this.beforeForgetting() : null;
    if (before) return this.#move(before, "undoneNow");
    const head = pathTo(this.tree, this.#from()).at(-1);
    if (head) this.#move(head.parent ?? null, "undoneNow", { keep: false });
    else if (this.#blanked) this.#move(this.#blanked, "undoneNow");
    return undefined;
  }

  // The head that a blank memory would bring back.
  get #blanked() {
    return this.#from() ? null : this.tree.blanked;
  }

  redo() {
    if (this.#blanked) return;
    const [next] = undone(this.tree, this.#from(), this.furthest);
    if (next) this.#move(next.id, "redoneNow");
  }

  redoAll() {
    if (this.#blanked) return;
    const last = undone(this.tree, this.#from(), this.furthest).at(-1);
    if (last) this.#move(last.id, "redoneNow");
  }

  // The head is the requested one, or the request failed.
  settled(head) {
    if (head === undefined || head === this.aim) this.aim = undefined;
  }

  show(tree, busy) {
    this.tree = tree;
    // The head has moved since: the search result is no longer in question.
    if (tree.head !== this.soughtFrom) this.sought = null;
    const path = pathTo(tree, tree.head);
    if (tree.head && !pathTo(tree, this.furthest).some((turn) => turn.id === tree.head)) {
      this.furthest = this.kept.value = tree.head;
    }
    // A blanked memory is undone; there is nothing to do again.
    const blanked = tree.head ? null : tree.blanked;
    const later = blanked ? [] : undone(tree, tree.head, this.furthest);
    const undoable = path.length > 0 || Boolean(blanked ?? this.beforeForgetting());
    enable(element("undo"), !busy && undoable, element("redo"));
    enable(element("redo"), !busy && later.length > 0, element("undo"));
    const note = element("later");
    note.hidden = busy || !later.length;
    note.firstElementChild.textContent = say("setAside", { n: later.length });
    note.querySelector("[data-redo]").textContent = say("redoOne");
    const all = note.querySelector("[data-redo-all]");
    all.hidden = later.length < 2;
    all.textContent = say("redoAll", { n: later.length });
    this.#showAside(tree, busy, later.length);
    const count = branches(tree);
    element("tree-open").hidden = count < 2 && !this.sought;
    element("branches").textContent = grouped(count);
    element("tree-open").setAttribute("aria-label", say("treeOpen", { n: count }));
    element("tree-open").title = say("treeOpen", { n: count });
    if (this.drawer.isOpen) this.#drawMap(false);
  }

  // Another reply, or an edit, in mid-chat: the later turns belong to the other version.
  #showAside(tree, busy, later) {
    this.aside = (later && !busy) || (!tree.head && tree.blanked) ? null : elsewhere(tree, tree.running ?? tree.head);
    const note = element("aside");
    note.hidden = !this.aside;
    if (!this.aside) return;
    const { n, start } = this.aside;
    // The first turn of another beginning counts, too: it is no version of this one.
    note.firstElementChild.textContent = start ? say("elsewhereStart", { n: n + 1 }) : say("elsewhere", { n });
    note.lastElementChild.hidden = busy;
  }

  async #drawMap(opened) {
    const tree = await this.complete("user_text").catch(() => this.tree);
    if (!this.drawer.isOpen) return;
    const depth = pathTo(tree, tree.head).length;
    element("tree-summary").textContent = this.sought
      ? say("treeElsewhere") : say(depth ? "treeSummary" : "treeSummaryStart", { turns: tree.turns.length, branches: branches(tree), depth });
    this.map.draw(tree, this.sought);
    if (opened) this.map.focus(this.sought ?? undefined);
  }

  // Shows a turn that isn't on the page in the map; the head stays.
  seek(turn) {
    this.sought = turn;
    this.soughtFrom = this.tree.head;
    element("tree-open").hidden = false;
    this.drawer.open();
  }

  #from() {
    return this.aim === undefined ? this.tree.head : this.aim;
  }

  #move(turn, words, how) {
    if (!this.goTo(turn, how)) return;
    this.aim = turn;
    element("spoken").textContent = say(words, { n: pathTo(this.tree, turn).length });
  }

  #key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.isComposing) return;
    const key = event.key.toLowerCase();
    const back = key === "z" && !event.shiftKey;
    const forth = (key === "z" && event.shiftKey) || (key === "y" && !event.shiftKey);
    if (!back && !forth) return;
    const field = event.target.closest?.(FIELDS);
    if (field && !this.isBlank(field)) return; // the field's own undo
    event.preventDefault();
    if (back) this.undo();
    else this.redo();
  }
}

// A button that is disabled while it has the focus passes the focus on.
function enable(button, able, other) {
  const had = document.activeElement === button;
  button.disabled = !able;
  if (!had || able) return;
  if (other.disabled) focusComposer();
  else other.focus();
}
