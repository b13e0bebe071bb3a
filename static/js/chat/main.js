// The chat page: keeps what is on the page equal to the chat's tree, frame by frame.
import { ChatSocket } from "./socket.js";
import { Composer } from "./composer.js";
import { close, reopen } from "./closed_chat.js";
import { focusComposer } from "./composer_focus.js";
import { Follow } from "./follow_scroll.js";
import { bringTo } from "./turn_anchor.js";
import { Memory } from "./memory_panel.js";
import { Openings } from "./openings.js";
import { Sampling } from "./sampling.js";
import { Steps } from "./undo_redo.js";
import { KEPT, TurnView } from "./turn.js";
import { newestLeaf, pathTo, shownPath, siblings } from "./tree.js";
import { writeTitle } from "./title.js";
import { copy } from "../shared/clipboard.js";
import { edit } from "./edit_message.js";
import { Kept } from "../shared/browser_storage.js";
import { say } from "../shared/strings.js";
import { tell } from "./events.js";
import { personNow } from "../shared/identity.js";
import { isThere, standing } from "./chat_access.js";
import { lazyStrips } from "./gate_strips_lazy.js";
import { lookAhead } from "./prefetch_gates.js";
import { tellOfConnection } from "./connection_notice.js";
import { uuid } from "../shared/uuid.js";
import { whenBack } from "./refresh_on_return.js";
import "./narrow_panels.js";

const element = (id) => document.getElementById(id);
const page = JSON.parse(element("page").textContent);

const list = element("turns");
const composer = new Composer(page.chat);
const sampling = new Sampling(page.chat, page.presets);
const openings = new Openings(page.chat, page.openings, message);
const steps = new Steps({ goTo, complete, isBlank: (field) => field === composer.text && composer.isBlank });
const kept = new Kept("sessionStorage", "pending", page.chat);
const follow = new Follow(element("scroller"), [list, element("later"), element("aside"), element("next")], element("jump"), page.chat);
const memory = new Memory(page.checkpoint);
let owner = personNow(); // whose chat it was when it was last open here
const socket = new ChatSocket(`/ws/chat/${page.chat}/`, () => standing(page.chat, owner), () => isThere(page.chat));

let tree = page.tree; // {title, head, running, turns}, as in turns.json
let live = null; // {turn, seq}: the reply that runs, and the last token seen of it
let pending = kept.value; // {frame, text}: not yet taken
let stopWanted = false;
let sent = null; // performance.now() of the last message that went out
const views = [...list.children].map((li) => new TurnView(li)); // as they stand on the page
const viewOf = (turn) => views.find((view) => view.id === turn);
const turnOf = (id) => tree.turns.find((turn) => turn.id === id);

// What is on the page ------------------------------------------------------

function place(view) {
  views.push(view);
  list.append(view.li);
  element("openings").hidden = true;
}

function cutAfter(parent) {
  const upTo = parent ? views.findIndex((view) => view.id === parent) + 1 : 0;
  for (const view of views.splice(upTo)) view.li.remove();
}

function showVersions() {
  for (const view of views) {
    const turn = turnOf(view.id);
    if (!turn) continue;
    const all = siblings(tree, turn);
    view.versions(all.indexOf(turn) + 1, all.length);
  }
}

// Everything on the page that tells of the tree, once it has changed.
function showTree() {
  showVersions();
  showMemory();
  showSteps();
  strips.look();
}

function showSteps() {
  const busy = Boolean(live || pending);
  steps.show(tree, busy);
  openings.show(!busy && views.length > 0, tree.head);
}

function showTitle(title) {
  writeTitle(page.chat, title);
}

function showMemory() {
  const path = pathTo(tree, tree.head);
  const head = path.at(-1);
  tell("head", { head: head?.id ?? null, path });
  memory.show({ head: head?.id ?? null, parent: head?.parent ?? null, hash: head?.state_sha256, turns: path.length })
    .catch(() => {}); // the panel keeps what it showed; the chat does not depend on it
}

async function fetchTree() {
  const response = await fetch(`/chat/${page.chat}/turns.json`);
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}

// A title that is none yet, or a greeting, may be better since a message was taken.
async function retitle() {
  const fresh = await fetchTree();
  if (!fresh) return;
  tree.title_provisional = fresh.title_provisional;
  if (fresh.title !== tree.title) showTitle((tree.title = fresh.title));
}

// The texts and settings of all turns: the page was loaded without them.
async function complete(needed) {
  if (tree.turns.every((turn) => turn[needed] !== undefined)) return tree;
  const fresh = new Map((await fetchTree())?.turns.map((turn) => [turn.id, turn]));
  for (const turn of tree.turns) Object.assign(turn, fresh.get(turn.id));
  return tree;
}

// Makes the page equal to the server's tree; what streams or waits to be sent is left alone, and so
// is whatever has the focus.
async function sync() {
  const fresh = await fetchTree();
  if (!fresh) return socket.recheck();
  socket.revive();
  tree = fresh;
  if (!tree.running) composer.settle("reply");
  const old = new Map(views.map((view) => [view.id, view]));
  const waiting = views.find((view) => !view.id && view.client === pending?.frame.client_turn_id);
  const shown = shownPath(tree).map((turn) => {
    const view = old.get(turn.id) ?? TurnView.create({ id: turn.id, client: turn.client_turn_id, text: turn.user_text, status: turn.status });
    view.update(turn);
    return view;
  });
  // What is new comes as it will stay, so that it doesn't change its size in front of the reader.
  await Promise.all(shown.filter((view) => !view.li.isConnected).map((view) => view.drawn));
  if (waiting && !tree.turns.some((turn) => turn.client_turn_id === waiting.client)) shown.push(waiting);
  views.splice(0, views.length, ...shown);
  const staying = new Set(shown.map((view) => view.li));
  for (const li of [...list.children]) if (!staying.has(li)) li.remove();
  shown.forEach(({ li }, k) => li !== list.children[k] && list.insertBefore(li, list.children[k] ?? null));
  element("openings").hidden = shown.length > 0;
  showTitle(tree.title);
  showTree();
}

// Sending --------------------------------------------------------------------

function keepPending(value) {
  pending = kept.value = value;
}

// Whether a reply, or a message that isn't sent yet, is in the way; which of them is said. In a
// deleted chat everything is, which stands above it.
function held() {
  if (socket.ended) return true;
  if (socket.ready && !socket.offline) composer.complain(live || pending ? say("busy") : null, "reply");
  else composer.complain(live ? say("offlineReply") : pending ? say("offlineKept") : null, "line");
  return Boolean(live || pending);
}

// Whether one more turn can be asked for; if not, the reason is said.
function free() {
  if (held()) return false;
  const { faults } = sampling;
  composer.complain(faults.length ? say("notSent", { names: faults.join(", ") }) : null, "sampling");
  if (faults.length) sampling.show();
  return !faults.length;
}

function ask(frame, text) {
  frame.client_turn_id = uuid();
  if (sampling.settings) frame.sampling = sampling.settings;
  keepPending({ frame, text });
  place(TurnView.create({ client: frame.client_turn_id, text, status: "sending" }));
  composer.replying = true;
  follow.end();
  showSteps();
  if (!transmit(frame)) views.at(-1).note(say("kept"));
  if (socket.offline) markUnsent(say("keptOffline"));
  return true;
}

// What stands under the message that waits to be taken.
function markUnsent(words) {
  views.find((view) => view.status === "sending" && view.client === pending?.frame.client_turn_id)?.note(words);
}

function transmit(frame) {
  sent = performance.now();
  return socket.send(frame);
}

function message(text) {
  if (!free()) return false;
  const newest = views.at(-1);
  if (newest && !KEPT.has(newest.status) && !newest.undecided) cutAfter(tree.head); // it has no state
  return ask({ type: "turn.send", text }, text);
}

function again(view) {
  if (!free()) return;
  const text = view.user.textContent;
  const frame = { type: "turn.regenerate", turn: view.id };
  cutAfter(turnOf(view.id)?.parent ?? null);
  ask(frame, text);
  focusComposer(); // the button that was pressed is gone
}

// The message in other words; the old version stays beside it.
function reword(view, text) {
  edit(view, (changed) => {
    if (!free()) return false;
    const frame = { type: "turn.edit", turn: view.id, text: changed };
    cutAfter(turnOf(view.id)?.parent ?? null);
    ask(frame, changed);
    focusComposer();
    return true;
  }, text);
}

async function tellHow(view) {
  if (view.howOpen) return (view.howOpen = false);
  await complete("sampling");
  const turn = turnOf(view.id);
  if (turn?.sampling) view.tellHow(turn, sampling.defaults);
  view.howOpen = Boolean(turn?.sampling);
}

function stop() {
  const gone = live && socket.send({ type: "turn.stop", turn: live.turn });
  if (!gone && (live || pending)) stopWanted = true;
  if (!gone && live) composer.complain(say("offlineStop"), "line");
  focusComposer();
}

// The head moves there; null is the blank memory. Whether the wish went out.
function goTo(turn) {
  if (held()) return false;
  const gone = socket.sendSoon({ type: "memory.goto", turn });
  if (!gone) composer.complain(say("offlineNow"), "line");
  return gone;
}

let refocus = null; // the buttons to try once the other version stands there
function version(view, step) {
  const turn = turnOf(view.id);
  const all = siblings(tree, turn);
  const other = all[all.indexOf(turn) + step];
  if (!other || !goTo(newestLeaf(tree, other).id)) return;
  refocus = { turn: other.id, order: step > 0 ? [".after", ".before"] : [".before", ".after"] };
}

// Frames ----------------------------------------------------------------------

function watch(turn, after = -1) {
  live = { turn, seq: after };
  socket.replying = true;
  composer.replying = true;
}

const handlers = {
  async "chat.ready"(frame) {
    owner = personNow() || owner;
    const same = (frame.head ?? null) === (tree.head ?? null) && (frame.running ?? null) === (tree.running ?? null);
    if (!same || live) await sync();
    if (frame.running) {
      if (!viewOf(frame.running)) await sync();
      watch(frame.running, live?.turn === frame.running ? live.seq : -1);
      socket.send({ type: "stream.resume", turn: live.turn, after: live.seq });
      if (stopWanted) socket.send({ type: "turn.stop", turn: live.turn });
    } else {
      live = null;
      composer.settle("reply");
    }
    if (!pending) stopWanted = false;
    if (pending && tree.turns.some((turn) => turn.client_turn_id === pending.frame.client_turn_id)) keepPending(null);
    if (pending) {
      const { frame: unsent, text } = pending;
      if (!views.some((view) => view.client === unsent.client_turn_id)) {
        if (unsent.turn) cutAfter(turnOf(unsent.turn)?.parent ?? null);
        place(TurnView.create({ client: unsent.client_turn_id, text, status: "sending" }));
      }
      transmit(unsent);
    }
    composer.replying = socket.replying = Boolean(live || pending);
    steps.settled();
    showSteps();
  },

  async "turn.started"({ turn, client_turn_id: client, parent }) {
    const mine = pending?.frame.client_turn_id === client ? pending : null;
    if (mine) keepPending(null);
    if (live?.turn === turn) return;
    tree.running = turn;
    if (mine && !turnOf(turn)) {
      const view = views.find((one) => one.client === client) ?? TurnView.create({ client, text: mine.text, status: "running" });
      cutAfter(parent);
      view.adopt(turn);
      view.status = "running";
      place(view);
      tree.turns.push({ id: turn, parent, client_turn_id: client, status: "running", user_text: mine.text });
      if (tree.title_provisional) retitle().catch(() => {});
    } else {
      await sync(); // another tab's message, or one that was taken before
    }
    showVersions();
    watch(turn);
    showSteps();
    live.sent = mine ? sent : null;
    tell("turn-started", { turn, parent, sent: live.sent });
    element("spoken").textContent = say("replying");
    if (stopWanted) stop();
    stopWanted = false;
  },

  async "turn.token"(frame) {
    if (live?.turn !== frame.turn) {
      if (viewOf(frame.turn) && !viewOf(frame.turn).undecided) return;
      await sync();
      watch(frame.turn);
    }
    if (frame.seq <= live.seq) return;
    if (frame.seq > live.seq + 1) {
      if (!live.asked) socket.send({ type: "stream.resume", turn: live.turn, after: live.seq });
      live.asked = true;
      return;
    }
    live.asked = false;
    live.seq = frame.seq;
    viewOf(frame.turn)?.append(frame);
    const first = frame.seq === 0 && live.sent;
    tell("token", { turn: frame.turn, seq: frame.seq, wait: first ? performance.now() - live.sent : null });
  },

  async "turn.finished"(frame) {
    if (live?.turn === frame.turn) live = null;
    if (pending?.frame.client_turn_id === frame.client_turn_id) keepPending(null);
    const turn = turnOf(frame.turn);
    const view = viewOf(frame.turn);
    composer.replying = socket.replying = Boolean(live || pending);
    composer.settle("reply");
    if (!live) stopWanted = false;
    if (!turn || !view) return sync();
    const { status, reply_text, state_sha256, cut_by } = frame;
    Object.assign(turn, { status, reply_text, state_sha256, cut_by });
    if (tree.running === frame.turn) tree.running = null;
    tell("turn-finished", { turn: frame.turn, status, tokens: frame.reply_tokens, hash: state_sha256 });
    view.finish({ status, reply_text, cut_by });
    element("spoken").textContent = say("finished", { text: frame.reply_text });
    if (KEPT.has(status)) tree.head = frame.turn;
    showTree();
  },

  "turn.unstored"({ turn }) {
    viewOf(turn)?.note(say("unstored"));
  },

  async "memory.changed"({ head }) {
    await sync();
    steps.settled(head);
    if (!element("later").hidden) element("later").scrollIntoView({ block: "nearest" });
    const view = refocus && viewOf(refocus.turn);
    if (view && document.activeElement === document.body) {
      refocus.order.map((button) => view.li.querySelector(button)).find((button) => !button.disabled)?.focus();
    }
    refocus = null;
  },

  async error({ code, detail, client_turn_id: client }) {
    const mine = pending && (client ?? pending.frame.client_turn_id) === pending.frame.client_turn_id ? pending : null;
    if (code === "not_found" && !mine) return; // a Stop that came after the end
    if (code === "forbidden") return; // the session has ended: what waits is sent by whoever one is next
    // A refused message stays unsent when the other tab's reply has ended: so does the sentence.
    if (code === "busy" && mine) composer.complain(say("busyElsewhere"));
    else if (code === "busy") composer.complain(say("busy"), "reply");
    else composer.complain(detail);
    steps.settled();
    if (!mine) return;
    keepPending(null);
    const refused = views.findIndex((view) => !view.id && view.client === mine.frame.client_turn_id);
    if (refused >= 0) views.splice(refused, 1)[0].li.remove();
    if (mine.frame.type === "turn.send") composer.restore(mine.text);
    composer.replying = socket.replying = Boolean(live);
    stopWanted = false;
    await sync();
    if (mine.frame.type !== "turn.edit") return;
    const edited = viewOf(mine.frame.turn);
    if (edited) reword(edited, mine.text);
    else composer.restore(mine.text);
  },
};

// Wiring ------------------------------------------------------------------------

let order = Promise.resolve(); // frames are handled one after another, also where one must fetch
socket.addEventListener("frame", ({ detail: frame }) => {
  order = order.then(() => handlers[frame.type]?.(frame)).catch((fault) => console.warn("frame", frame.type, fault));
});

tellOfConnection(socket);
socket.addEventListener("up", () => composer.settle("line"));
socket.addEventListener("offline", () => markUnsent(say("keptOffline")));
for (const back of ["up", "heard"]) socket.addEventListener(back, () => markUnsent(""));
document.addEventListener("person", () => socket.renew());
document.addEventListener("chat:sampling", () => composer.settle("sampling"));
// Deleted: nothing waits to be sent later, to whatever the chat then is; the text stays in its field.
socket.addEventListener("gone", () => {
  const unsent = pending;
  keepPending(null);
  live = null;
  stopWanted = false;
  composer.replying = socket.replying = false;
  const at = views.findIndex((view) => !view.id);
  if (at >= 0) views.splice(at, 1)[0].li.remove();
  if (unsent && unsent.frame.type !== "turn.regenerate") composer.restore(unsent.text);
  composer.complain(null);
  composer.draft.value = null; // it goes with its chat
  showSteps();
  close();
});
socket.addEventListener("up", () => reopen() && (order = order.then(sync).catch(() => {})));

// A title that was given here, or was new at this page's load, goes to the browser's other tabs.
const titles = new BroadcastChannel(`gatescope.title.${page.chat}`);
titles.addEventListener("message", ({ data }) => showTitle((tree.title = String(data))));
document.addEventListener("chat:title", ({ detail }) => {
  if (detail.chat !== page.chat) return;
  showTitle((tree.title = detail.title));
  titles.postMessage(tree.title);
});
titles.postMessage(tree.title);

composer.addEventListener("message", ({ detail }) => message(detail) && composer.clear());
composer.addEventListener("stop", stop);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && (live || pending) && !event.isComposing) stop();
});
document.addEventListener("chat:goto", ({ detail: { turn } }) => {
  goTo(turn);
});
list.addEventListener("click", (event) => {
  const view = views.find((one) => one.li.contains(event.target));
  if (!view) return;
  const button = event.target.closest("button");
  if (!button) return;
  const is = (name) => button.classList.contains(name);
  if (is("again")) again(view);
  else if (is("before")) version(view, -1);
  else if (is("after")) version(view, 1);
  else if (is("edit")) reword(view);
  else if (is("how")) tellHow(view).catch(() => {});
  else if (is("copy")) copy((button.closest(".you") ? view.user : view.reply).textContent, button);
});

const strips = lazyStrips(() => views, element("scroller"));
lookAhead(list);
showTree();
bringTo({
  viewOf, follow, stay: follow.returned,
  async elsewhere(turn, { searched }) {
    if (!turnOf(turn)) await sync(); // said since this page was loaded
    if (!turnOf(turn)) return false;
    if (!viewOf(turn) && searched) steps.seek(turn);
    return Boolean(viewOf(turn));
  },
});
socket.open();
// While something is said here the frames tell what there is to know.
whenBack(() => live || pending || (order = order.then(sync).catch(() => {})));
