// What the reader asks the server for: a message, another reply, an edit, Stop, another head.
import { KEPT, TurnView } from "./turn.js";
import { edit } from "./edit_message.js";
import { focusComposer } from "./composer_focus.js";
import { newestLeaf, versions } from "./tree.js";
import { say } from "../shared/strings.js";
import { uuid } from "../shared/uuid.js";

export class Sending {
  constructor(chat) {
    this.chat = chat;
  }

  // Whether a running reply or an unsent message blocks the next one; the composer says which. In a
  // deleted chat everything is blocked, which the page says above it.
  held() {
    const { socket, composer, live, pending, busy } = this.chat;
    if (socket.ended) return true;
    if (socket.ready && !socket.offline) composer.complain(busy ? say("busy") : null, "reply");
    else composer.complain(live ? this.#lost("offlineReply") : pending ? this.#lost("offlineKept") : null, "line");
    return busy;
  }

  // A sentence on the lost connection; logged out, that is the reason.
  #lost(words) {
    return say(this.chat.socket.out ? "loggedOut" : words);
  }

  // Whether one more turn can be asked for; if not, the composer says why.
  free() {
    if (this.held()) return false;
    const { sampling, composer } = this.chat;
    const { faults } = sampling;
    composer.complain(faults.length ? say("notSent", { names: faults.join(", ") }) : null, "sampling");
    if (faults.length) sampling.show();
    return !faults.length;
  }

  message(text) {
    if (!this.free()) return false;
    const { chat } = this;
    const newest = chat.views.at(-1);
    if (newest && !KEPT.has(newest.status) && !newest.undecided) chat.cutAfter(chat.tree.head); // it has no state
    return this.#ask({ type: "turn.send", text }, text);
  }

  again(view) {
    if (!this.free()) return;
    const text = view.user.textContent;
    const frame = { type: "turn.regenerate", turn: view.id };
    this.chat.cutAfter(this.chat.turnOf(view.id)?.parent ?? null);
    this.#ask(frame, text);
    focusComposer(); // the button that was pressed is gone
  }

  // The same reply, same seed and sampling, without held gates.
  async compare(view) {
    await this.chat.complete("sampling");
    const turn = this.chat.turnOf(view.id);
    if (!turn?.sampling || !this.free()) return;
    const frame = { type: "turn.regenerate", turn: view.id, sampling: { ...turn.sampling, seed: turn.seed }, hold: null };
    const text = view.user.textContent;
    this.chat.cutAfter(turn.parent ?? null);
    this.#ask(frame, text);
    focusComposer();
  }

  // The message in other words; the old version stays beside it.
  reword(view, text) {
    edit(view, (changed) => {
      if (!this.free()) return false;
      const frame = { type: "turn.edit", turn: view.id, text: changed };
      this.chat.cutAfter(this.chat.turnOf(view.id)?.parent ?? null);
      this.#ask(frame, changed);
      focusComposer();
      return true;
    }, text);
  }

  stop() {
    const { chat } = this;
    const gone = chat.live && chat.socket.send({ type: "turn.stop", turn: chat.live.turn });
    if (!gone && chat.busy) chat.stopWanted = true;
    if (!gone && chat.live) chat.composer.complain(this.#lost("offlineStop"), "line");
    focusComposer();
  }

  // Moves the head there; null is the blank memory, which leaves the turns on the page, greyed, unless
  // `keep` is false. Whether the request went out.
  goTo(turn, { keep = true } = {}) {
    return this.#soon({ type: "memory.goto", turn, ...(keep ? {} : { keep }) });
  }

  // Leaves the turn out of the memory. Whether the request went out.
  forget(turn) {
    return this.#soon({ type: "memory.forget", client_turn_id: uuid(), turn });
  }

  #soon(frame) {
    if (this.held()) return false;
    const gone = this.chat.socket.sendSoon(frame);
    if (!gone) this.chat.composer.complain(this.#lost("offlineNow"), "line");
    return gone;
  }

  // The next (step 1) or previous (-1) version of a turn.
  version(view, step) {
    const { tree } = this.chat;
    const all = versions(tree, this.chat.turnOf(view.id));
    const other = all[all.findIndex((turn) => turn.id === view.id) + step];
    if (!other || !this.goTo(newestLeaf(tree, other).id)) return;
    this.chat.refocus = { turn: other.id, order: step > 0 ? [".after", ".before"] : [".before", ".after"] };
  }

  #ask(frame, text) {
    const { chat } = this;
    frame.client_turn_id = uuid();
    if (frame.sampling === undefined && chat.sampling.settings) frame.sampling = chat.sampling.settings;
    if (frame.hold === undefined && chat.hold.value) frame.hold = chat.hold.value;
    if (frame.hold === null) delete frame.hold; // none
    chat.keepPending({ frame, text });
    chat.place(TurnView.create({ client: frame.client_turn_id, text, status: "sending" }));
    chat.composer.replying = true;
    chat.follow.end();
    chat.showSteps();
    if (!this.transmit(frame)) chat.views.at(-1).note(say(chat.socket.out ? "keptLoggedOut" : "kept"));
    if (chat.socket.offline) this.markUnsent(say("keptOffline"));
    return true;
  }

  // The note under the message that waits to be taken.
  markUnsent(words) {
    const client = this.chat.pending?.frame.client_turn_id;
    this.chat.views.find((view) => view.status === "sending" && view.client === client)?.note(words);
  }

  transmit(frame) {
    this.chat.sent = performance.now();
    return this.chat.socket.send(frame);
  }
}
