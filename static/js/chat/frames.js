// What the server sends, a method a frame type.
import { KEPT, TurnView } from "./turn.js";
import { blankedBefore } from "./tree.js";
import { element } from "./chat_page.js";
import { personNow } from "../shared/identity.js";
import { say } from "../shared/strings.js";
import { tell } from "./events.js";

export function frameHandlers(chat, sending) {
  const { socket, composer } = chat;

  function watch(turn, after = -1) {
    chat.live = { turn, seq: after };
    socket.replying = true;
    composer.replying = true;
  }

  return {
    async "chat.ready"(frame) {
      chat.owner = personNow() || chat.owner;
      const { tree } = chat;
      const same = (frame.head ?? null) === (tree.head ?? null) && (frame.running ?? null) === (tree.running ?? null);
      if (!same || chat.live) await chat.sync();
      if (frame.running) {
        if (!chat.viewOf(frame.running)) await chat.sync();
        watch(frame.running, chat.live?.turn === frame.running ? chat.live.seq : -1);
        socket.send({ type: "stream.resume", turn: chat.live.turn, after: chat.live.seq });
        if (chat.stopWanted) socket.send({ type: "turn.stop", turn: chat.live.turn });
      } else {
        chat.live = null;
        composer.settle("reply");
      }
      const { pending } = chat;
      if (!pending) chat.stopWanted = false;
      if (pending && chat.tree.turns.some((turn) => turn.client_turn_id === pending.frame.client_turn_id)) chat.keepPending(null);
      if (chat.pending) {
        const { frame: unsent, text } = pending;
        if (!chat.views.some((view) => view.client === unsent.client_turn_id)) {
          if (unsent.turn) chat.cutAfter(chat.turnOf(unsent.turn)?.parent ?? null);
          chat.place(TurnView.create({ client: unsent.client_turn_id, text, status: "sending" }));
        }
        sending.transmit(unsent);
      }
      chat.showReplying();
      chat.steps.settled();
      chat.showSteps();
    },

    async "turn.started"({ turn, client_turn_id: client, parent }) {
      const mine = chat.pending?.frame.client_turn_id === client ? chat.pending : null;
      if (mine) chat.keepPending(null);
      if (chat.live?.turn === turn) return;
      chat.tree.running = turn;
      if (mine && !chat.turnOf(turn)) {
        const view = chat.views.find((other) => other.client === client) ?? TurnView.create({ client, text: mine.text, status: "running" });
        chat.cutAfter(parent);
        view.adopt(turn);
        view.status = "running";
        chat.place(view);
        view.held = mine.frame.hold;
        const version = chat.turnOf(mine.frame.turn); // of a reply again, or an edit
        const blanked = parent ? null : version ? blankedBefore(version) : chat.tree.blanked;
        const parameters = blanked ? { blanked } : {};
        chat.tree.turns.push({ id: turn, parent, client_turn_id: client, status: "running", user_text: mine.text, parameters, hold: mine.frame.hold ?? null });
        if (chat.tree.title_provisional) chat.retitle().catch(() => {});
      } else {
        await chat.sync(); // another tab's message, or one that was taken before
      }
      chat.showVersions();
      watch(turn);
      chat.showSteps();
      chat.live.sent = mine ? chat.sent : null;
      tell("turn-started", { turn, parent, sent: chat.live.sent });
      element("spoken").textContent = say("replying");
      if (chat.stopWanted) sending.stop();
      chat.stopWanted = false;
    },

    async "turn.token"(frame) {
      if (chat.live?.turn !== frame.turn) {
        if (chat.viewOf(frame.turn) && !chat.viewOf(frame.turn).undecided) return;
        await chat.sync();
        watch(frame.turn);
      }
      const { live } = chat;
      if (frame.seq <= live.seq) return;
      if (frame.seq > live.seq + 1) {
        if (!live.asked) socket.send({ type: "stream.resume", turn: live.turn, after: live.seq });
        live.asked = true;
        return;
      }
      live.asked = false;
      live.seq = frame.seq;
      if (frame.seq === 0) chat.viewOf(frame.turn)?.note("");
      chat.viewOf(frame.turn)?.append(frame);
      const first = frame.seq === 0 && live.sent;
      tell("token", { turn: frame.turn, seq: frame.seq, wait: first ? performance.now() - live.sent : null });
    },

    async "turn.finished"(frame) {
      if (chat.live?.turn === frame.turn) chat.live = null;
      if (chat.pending?.frame.client_turn_id === frame.client_turn_id) chat.keepPending(null);
      const turn = chat.turnOf(frame.turn);
      const view = chat.viewOf(frame.turn);
      chat.showReplying();
      composer.settle("reply");
      if (!chat.live) chat.stopWanted = false;
      if (!turn || !view) return chat.sync();
      const { status, reply_text, state_sha256, cut_by, fixed } = frame;
      Object.assign(turn, { status, reply_text, state_sha256, cut_by });
      if (chat.tree.running === frame.turn) chat.tree.running = null;
      tell("turn-finished", { turn: frame.turn, status, tokens: frame.reply_tokens, hash: state_sha256 });
      view.finish({ status, reply_text, cut_by, fixed });
      element("spoken").textContent = say("finished", { text: frame.reply_text });
      if (KEPT.has(status)) Object.assign(chat.tree, { head: frame.turn, blanked: null });
      chat.showTree();
    },

    "turn.queued"({ turn, ahead }) {
      chat.viewOf(turn)?.note(ahead ? say("queued", { n: ahead }) : "");
    },

    "turn.unstored"({ turn }) {
      chat.viewOf(turn)?.note(say("unstored"));
    },

    limits({ messages: { used, most, seconds } }) {
      composer.showUsed(used, most, seconds);
    },

    async "memory.changed"({ head }) {
      const before = chat.tree.head;
      chat.hand.moved(head);
      await chat.sync();
      if (!head || !before) chat.follow.end(); // the rule of a blanked memory, or the turns restored
      chat.steps.settled(head);
      if (!element("later").hidden) element("later").scrollIntoView({ block: "nearest" });
      const { refocus } = chat;
      const view = refocus && chat.viewOf(refocus.turn);
      if (view && document.activeElement === document.body) {
        refocus.order.map((button) => view.li.querySelector(button)).find((button) => !button.disabled)?.focus();
      }
      chat.refocus = null;
    },

    async error({ code, detail, client_turn_id: client }) {
      const { pending } = chat;
      const mine = pending && (client ?? pending.frame.client_turn_id) === pending.frame.client_turn_id ? pending : null;
      if (code === "not_found" && !mine) return; // a Stop that came after the end
      if (code === "forbidden") return; // the session has ended: the next session sends what waits
      // A refused message stays unsent when the other tab's reply has ended: so does the sentence.
      if (code === "busy" && mine) composer.complain(say("busyElsewhere"));
      else if (code === "busy") composer.complain(say("busy"), "reply");
      else composer.complain(detail);
      chat.steps.settled();
      chat.hand.refused();
      if (!mine) return;
      chat.keepPending(null);
      chat.remove((view) => !view.id && view.client === mine.frame.client_turn_id);
      if (mine.frame.type === "turn.send") composer.restore(mine.text);
      chat.showReplying();
      chat.stopWanted = false;
      await chat.sync();
      if (mine.frame.type !== "turn.edit") return;
      const edited = chat.viewOf(mine.frame.turn);
      if (edited) sending.reword(edited, mine.text);
      else composer.restore(mine.text);
    },
  };
}
