// The chat page's state and its parts: the tree, the turns on the page, the reply that runs and the
// message that waits to be sent.
import { ChatSocket } from "./socket.js";
import { Composer } from "./composer.js";
import { Hold } from "./hold_gates.js";
import { Follow } from "./follow_scroll.js";
import { Memory } from "./memory_panel.js";
import { Sampling } from "./sampling.js";
import { ChangeView } from "./change_view.js";
import { PageRules } from "./page_rules.js";
import { TurnView } from "./turn.js";
import { fadedPaths, isTalk, pathTo, shownPath, versions } from "./tree.js";
import { writeTitle } from "./title.js";
import { Kept } from "../shared/browser_storage.js";
import { tell } from "./events.js";
import { personNow } from "../shared/identity.js";
import { isThere, standing } from "./chat_access.js";

export const element = (id) => document.getElementById(id);

const newView = (turn) => (isTalk(turn)
  ? TurnView.create({ id: turn.id, client: turn.client_turn_id, text: turn.user_text, status: turn.status })
  : ChangeView.create(turn));

export class ChatPage {
  // page: what the server wrote into the page; `attach` adds the parts that need a sender.
  constructor(page) {
    this.id = page.chat;
    this.list = element("turns");
    this.composer = new Composer(page.chat);
    this.sampling = new Sampling(page.chat, page.presets);
    this.hold = new Hold(page.chat, page.checkpoint.holds);
    this.kept = new Kept("sessionStorage", "pending", page.chat);
    this.follow = new Follow(element("scroller"), [this.list, element("blanked-note"), element("forgotten"), element("later"), element("aside"), element("next")], element("jump"), page.chat);
    this.memory = new Memory(page.checkpoint);
    this.owner = personNow(); // the chat's person when it was last open here
    this.socket = new ChatSocket(`/ws/chat/${page.chat}/`, () => standing(page.chat, this.owner), () => isThere(page.chat));
    this.tree = page.tree; // {title, head, running, turns}, as in turns.json
    this.live = null; // {turn, seq}: the reply that runs, and the last token received of it
    this.pending = this.kept.value; // {frame, text}: not yet taken
    this.stopWanted = false;
    this.sent = null; // performance.now() of the last message that went out
    this.refocus = null; // {turn, order}: the buttons to try once the other version is shown
    this.rules = new PageRules(this.list);
    const onPage = (selector) => [...this.list.querySelectorAll(`:scope > ${selector}`)].map((li) => (li.dataset.kind ? new ChangeView(li) : new TurnView(li)));
    this.views = onPage(".turn:not(.faded)"); // of the head's branch, in the page's order
    this.before = onPage(".turn.faded"); // of turns that the memory no longer holds, greyed
  }

  attach({ hand, openings, steps, strips }) {
    Object.assign(this, { hand, openings, steps, strips });
  }

  get allViews() { return [...this.before, ...this.views]; }

  get busy() { return Boolean(this.live || this.pending); }
  // Deleted, or no longer this person's: the server refuses whatever is asked.
  get stuck() { return this.socket.out || this.socket.ended; }

  viewOf(turn) { return this.views.find((view) => view.id === turn) ?? this.before.find((view) => view.id === turn); }
  turnOf(id) { return this.tree.turns.find((turn) => turn.id === id); }

  keepPending(value) {
    this.pending = this.kept.value = value;
  }

  // Whether a reply is awaited, for the composer's button and the socket's patience.
  showReplying() {
    this.composer.replying = this.socket.replying = this.busy;
  }

  place(view) {
    this.views.push(view);
    this.list.append(view.li);
    element("openings").hidden = true;
  }

  cutAfter(parent) {
    const upTo = parent ? this.views.findIndex((view) => view.id === parent) + 1 : 0;
    for (const view of this.views.splice(upTo)) view.li.remove();
  }

  // Removes the first view that fits, if any.
  remove(fits) {
    const at = this.views.findIndex(fits);
    if (at >= 0) this.views.splice(at, 1)[0].li.remove();
  }

  showVersions() {
    for (const view of this.views) {
      const turn = this.turnOf(view.id);
      if (!turn) continue;
      const all = versions(this.tree, turn);
      view.versions(all.indexOf(turn) + 1, all.length);
    }
  }

  // Everything on the page that depends on the tree, once it has changed.
  showTree() {
    this.showVersions();
    this.#showMemory();
    this.showSteps();
    this.strips.look();
  }

  showSteps() {
    this.steps.show(this.tree, this.busy || this.stuck);
    this.memory.showBusy(this.busy, this.stuck);
    this.hand.show(this.busy || this.stuck);
    this.composer.stuck = this.stuck;
    this.openings.show(!this.busy && this.views.length > 0, this.tree.head);
  }

  showTitle(title) {
    this.tree.title = title;
    writeTitle(this.id, title);
  }

  #showMemory() {
    const path = pathTo(this.tree, this.tree.head);
    const head = path.at(-1);
    tell("head", { head: head?.id ?? null, path });
    const blanked = head ? null : this.tree.blanked;
    this.memory.show({
      head: head?.id ?? null, parent: head?.parent ?? null, hash: head?.state_sha256, turns: path.length,
      back: blanked && { turn: blanked, turns: pathTo(this.tree, blanked).length },
    })
      .catch(() => {}); // the panel keeps what it showed; the chat does not depend on it
  }

  async #fetchTree() {
    const response = await fetch(`/chat/${this.id}/turns.json`);
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.json();
  }

  // A title that is none yet, or a greeting, may be better since a message was taken.
  async retitle() {
    const fresh = await this.#fetchTree();
    if (!fresh) return;
    this.tree.title_provisional = fresh.title_provisional;
    if (fresh.title !== this.tree.title) this.showTitle(fresh.title);
  }

  // The texts and settings of all turns: the page was loaded without them.
  async complete(needed) {
    if (this.tree.turns.every((turn) => turn[needed] !== undefined)) return this.tree;
    const fresh = new Map((await this.#fetchTree())?.turns.map((turn) => [turn.id, turn]));
    for (const turn of this.tree.turns) Object.assign(turn, fresh.get(turn.id));
    return this.tree;
  }

  // Makes the page equal to the server's tree; what streams, what waits to be sent and what has the
  // focus stay as they are.
  async sync() {
    const fresh = await this.#fetchTree();
    if (!fresh) return this.socket.recheck();
    this.socket.revive();
    this.tree = fresh;
    if (!fresh.running) this.composer.settle("reply");
    const old = new Map(this.allViews.map((view) => [view.id, view]));
    const waiting = this.views.find((view) => !view.id && view.client === this.pending?.frame.client_turn_id);
    const viewFor = (turn) => {
      const view = old.get(turn.id) ?? newView(turn);
      view.update(turn);
      return view;
    };
    const path = shownPath(fresh);
    const shown = path.map(viewFor);
    const faded = fadedPaths(fresh, path).map((branch) => branch.map(viewFor));
    const forgotten = this.hand.leftOut(path).map(({ id, at }) => ({ view: viewFor(this.turnOf(id)), at }));
    // A new turn is drawn before it is placed, so that it doesn't change its size before the reader.
    await Promise.all([...faded.flat(), ...shown].filter((view) => !view.li.isConnected).map((view) => view.drawn));
    if (waiting && !this.tree.turns.some((turn) => turn.client_turn_id === waiting.client)) shown.push(waiting);
    this.views.splice(0, this.views.length, ...shown);
    this.before = [...faded.flat(), ...forgotten.map(({ view }) => view)];
    this.rules.arrange(this.rules.items(faded, shown, forgotten));
    element("openings").hidden = this.allViews.length > 0;
    this.showTitle(this.tree.title);
    this.showTree();
  }
}
