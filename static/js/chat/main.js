// The chat page: keeps what is on the page equal to the chat's tree, frame by frame.
import { ChatPage, element } from "./chat_page.js";
import { Gauge } from "./gauge.js";
import { Hand } from "./hand.js";
import { Openings } from "./openings.js";
import { Sending } from "./sending.js";
import { Tour } from "./tour.js";
import { Steps } from "./undo_redo.js";
import { bringTo } from "./turn_anchor.js";
import { close, reopen } from "./closed_chat.js";
import { copy } from "../shared/clipboard.js";
import { frameHandlers } from "./frames.js";
import { lazyStrips } from "./gate_strips_lazy.js";
import { lookAhead } from "./prefetch_gates.js";
import { say } from "../shared/strings.js";
import { traceWords } from "./trace_word.js";
import { tell } from "./events.js";
import { tellOfConnection } from "./connection_notice.js";
import { whenBack } from "./refresh_on_return.js";
import "./kept_details.js";
import "./narrow_panels.js";

const page = JSON.parse(element("page").textContent);
const chat = new ChatPage(page);
const sending = new Sending(chat);
const { composer, follow, list, socket } = chat;
chat.attach({
  hand: new Hand(chat, sending),
  openings: new Openings(page.chat, page.openings, (text) => sending.message(text)),
  steps: new Steps(page.chat, {
    goTo: (turn, how) => sending.goTo(turn, how),
    complete: (needed) => chat.complete(needed),
    isBlank: (field) => field === composer.text && composer.isBlank,
    beforeForgetting: () => chat.hand?.before ?? null,
  }),
  strips: lazyStrips(() => chat.allViews, element("scroller")),
});

const gauge = new Gauge(page.chat); // it follows the head

const handlers = frameHandlers(chat, sending);
let order = Promise.resolve(); // frames are handled one after another, also where one must fetch
const syncInOrder = () => (order = order.then(() => chat.sync()).catch(() => {}));
socket.addEventListener("frame", ({ detail: frame }) => {
  order = order.then(() => handlers[frame.type]?.(frame)).catch((fault) => console.warn("frame", frame.type, fault));
});

tellOfConnection(socket);
socket.addEventListener("up", () => composer.settle("line"));
socket.addEventListener("offline", () => sending.markUnsent(say("keptOffline")));
for (const back of ["up", "heard"]) socket.addEventListener(back, () => sending.markUnsent(""));
socket.addEventListener("out", () => {
  sending.markUnsent(say("keptLoggedOut"));
  chat.showSteps();
});
document.addEventListener("person", () => socket.renew());
document.addEventListener("chat:sampling", () => composer.settle("sampling"));
// Deleted: no message waits to be sent later, should the chat come back; its text stays in the field.
socket.addEventListener("gone", () => {
  const unsent = chat.pending;
  chat.keepPending(null);
  chat.live = null;
  chat.stopWanted = false;
  chat.showReplying();
  chat.remove((view) => !view.id);
  if (unsent && unsent.frame.type !== "turn.regenerate") composer.restore(unsent.text);
  composer.complain(null);
  composer.draft.forget(); // it goes with its chat
  chat.showSteps();
  close();
  tell("elsewhere");
});
socket.addEventListener("up", () => {
  chat.showSteps();
  if (!reopen()) return;
  tell("elsewhere");
  syncInOrder();
});

// A title that was given here, or was new at this page's load, goes to the browser's other tabs.
const titles = new BroadcastChannel(`gatescope.title.${page.chat}`);
titles.addEventListener("message", ({ data }) => chat.showTitle(String(data)));
document.addEventListener("chat:title", ({ detail }) => {
  if (detail.chat !== page.chat) return;
  chat.showTitle(detail.title);
  titles.postMessage(detail.title);
});
titles.postMessage(chat.tree.title);

composer.addEventListener("message", ({ detail }) => sending.message(detail) && composer.clear());
composer.addEventListener("stop", () => sending.stop());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && chat.busy && !event.isComposing) sending.stop();
});
document.addEventListener("chat:goto", ({ detail: { turn } }) => {
  sending.goTo(turn);
});

async function tellHow(view) {
  if (view.howOpen) return (view.howOpen = false);
  await chat.complete("sampling");
  const turn = chat.turnOf(view.id);
  if (turn?.sampling) view.tellHow(turn, chat.sampling.defaults);
  view.howOpen = Boolean(turn?.sampling);
}

list.addEventListener("click", (event) => {
  const view = chat.allViews.find((other) => other.li.contains(event.target));
  if (!view) return;
  const button = event.target.closest("button");
  if (!button) return;
  const is = (name) => button.classList.contains(name);
  if (is("again")) sending.again(view);
  else if (is("before")) sending.version(view, -1);
  else if (is("after")) sending.version(view, 1);
  else if (is("edit")) sending.reword(view);
  else if (is("how")) tellHow(view).catch(() => {});
  else if (is("copy")) copy((button.closest(".you") ? view.user : view.reply).textContent, button);
});

lookAhead(list, page.checkpoint.num_layers - 1);
const trace = page.checkpoint.has_ledger ? traceWords(chat, list) : null;
chat.showTree();
if (page.tour) new Tour(chat, page.tour, { sending, hand: chat.hand, gauge, trace });
bringTo({
  viewOf: (turn) => chat.viewOf(turn),
  follow,
  stay: follow.returned,
  async elsewhere(turn, { searched }) {
    if (!chat.turnOf(turn)) await chat.sync(); // stored since this page was loaded
    if (!chat.turnOf(turn)) return false;
    if (!chat.viewOf(turn) && searched) chat.steps.seek(turn);
    return Boolean(chat.viewOf(turn));
  },
});
socket.open();
composer.sendEarly();
const pressed = list.querySelector("button[data-early]");
delete pressed?.dataset.early;
pressed?.click();
// While a reply runs the frames say everything that changes.
whenBack(() => (socket.ended ? socket.lookAgain() : chat.busy || syncInOrder()));
