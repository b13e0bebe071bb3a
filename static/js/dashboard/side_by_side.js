// Two chats on two checkpoints: one message to both, the replies side by side as they stream. The
// chats begin with the first message; the address then names them, so that a reload, or a stored
// link, shows the same two.
import { ChatSocket } from "../chat/socket.js";
import { say } from "../shared/strings.js";
import { loggedOut } from "./logged_out.js";
import { uuid } from "../shared/uuid.js";

const form = document.getElementById("say");
const text = document.getElementById("text");
const seed = document.getElementById("seed");

class Side {
  constructor(section) {
    this.name = section.dataset.side;
    this.chat = section.dataset.chat;
    this.list = section.querySelector("ol");
    this.waiting = section.querySelector(".waiting");
    this.link = section.querySelector(".open");
    this.problem = section.querySelector(".problem");
    this.running = null; // {turn, frame, li, text}: the reply that streams, or was requested
  }

  open() {
    if (this.socket || !this.chat) return;
    const there = () => fetch(`/chat/${this.chat}/turns.json`, { method: "HEAD" }).then(({ ok }) => (ok ? "there" : "gone"), () => "there");
    this.socket = new ChatSocket(`/ws/chat/${this.chat}/`, there);
    this.socket.addEventListener("frame", ({ detail }) => this.hear(detail));
    this.socket.addEventListener("up", () => this.complain(""));
    this.socket.addEventListener("down", () => this.complain(say("down")));
    this.socket.addEventListener("gone", () => this.end(say("gone")));
    this.socket.open();
  }

  ask(message) {
    this.complain("");
    const frame = { type: "turn.send", client_turn_id: uuid(), text: message, sampling: { seed: Number(seed.value) } };
    const li = document.createElement("li");
    for (const [kind, words] of [["said", message], ["replied", "…"]]) {
      const p = document.createElement("p");
      p.className = kind;
      p.dir = "auto";
      p.textContent = words;
      li.append(p);
    }
    this.list.append(li);
    this.waiting.hidden = true;
    this.running = { turn: null, frame, li, text: "" };
    this.open();
    this.socket.send(frame); // or it is sent once the connection is open
    li.scrollIntoView({ block: "nearest" });
  }

  hear(frame) {
    if (frame.type === "chat.ready") return this.takeUp(frame.running);
    if (frame.type === "error") return this.end(frame.detail);
    const now = this.running;
    if (!now) return;
    if (frame.type === "turn.started" && frame.client_turn_id === now.frame?.client_turn_id) now.turn = frame.turn;
    if (frame.turn !== now.turn || !now.turn) return;
    if (frame.type === "turn.token") {
      now.text += frame.text;
      now.li.lastElementChild.textContent = now.text || "…";
    } else if (frame.type === "turn.finished") {
      now.li.lastElementChild.textContent = frame.reply_text;
      this.end(["complete", "stopped", "length"].includes(frame.status) ? "" : say("failed"));
    }
  }

  // The connection is open, for the first time or again. An unanswered message is sent again; its id
  // makes that harmless. A running reply is followed from its first token.
  takeUp(turn) {
    const now = this.running;
    if (now && !now.turn) return this.socket.send(now.frame);
    if (now && now.turn !== turn) return this.reread();
    const li = now?.li ?? (turn && this.list.querySelector(`[data-turn="${turn}"]`));
    if (!turn || !li) return;
    this.running = { turn, frame: null, li, text: "" };
    this.socket.send({ type: "stream.resume", turn, after: -1 });
    show();
  }

  // The reply ended while the connection was closed.
  async reread() {
    const answer = await fetch(`/chat/${this.chat}/turns.json`);
    const last = answer.ok ? (await answer.json()).turns.at(-1) : null;
    if (last && this.running) this.running.li.lastElementChild.textContent = last.reply_text;
    this.end("");
  }

  stop() {
    if (this.running?.turn) this.socket.send({ type: "turn.stop", turn: this.running.turn });
  }

  end(problem) {
    this.running = null;
    this.complain(problem);
    show();
  }

  complain(problem) {
    this.problem.textContent = problem;
    this.problem.hidden = !problem;
  }
}

const sides = [...document.querySelectorAll("[data-side]")].map((section) => new Side(section));
let beginning = false; // the two chats are being created: a second press must not create two more
const busy = () => beginning || sides.some(({ running }) => running);

function show() {
  document.getElementById("send").disabled = busy();
  document.getElementById("stop").hidden = !busy();
}

async function begin() {
  const answer = await fetch(form.dataset.begin, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
  loggedOut(answer.status);
  if (!answer.ok) throw new Error(String(answer.status));
  const chats = await answer.json();
  const at = new URL(location.href);
  for (const [key, value] of new FormData(form)) if (key === "a" || key === "b") at.searchParams.set(key, value);
  for (const side of sides) {
    side.chat = chats[side.name];
    side.link.href = `/chat/${side.chat}/`;
    side.link.hidden = false;
    at.searchParams.set(side.name, side.chat);
  }
  at.searchParams.set("seed", seed.value);
  history.replaceState(null, "", at);
}

// At the field, as the server does for an address that was typed or stored.
function seedProblem(sentence) {
  let problem = document.getElementById("error-seed");
  if (!problem && sentence) {
    problem = Object.assign(document.createElement("p"), { id: "error-seed", className: "problem" });
    problem.setAttribute("role", "alert");
    seed.after(problem);
  }
  if (sentence) problem.textContent = sentence;
  else problem?.remove();
  if (sentence) {
    seed.setAttribute("aria-invalid", "true");
    seed.setAttribute("aria-describedby", "error-seed");
  } else {
    seed.removeAttribute("aria-invalid");
    seed.removeAttribute("aria-describedby");
  }
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const message = text.value;
  const state = document.getElementById("state");
  state.textContent = "";
  if (busy() || !message.trim()) return;
  if (!/^\d{1,16}$/.test(seed.value) || Number(seed.value) > Number.MAX_SAFE_INTEGER) {
    seedProblem(say("seed"));
    seed.focus();
    return;
  }
  seedProblem("");
  beginning = true;
  show();
  try {
    if (sides.some(({ chat }) => !chat)) await begin();
  } catch {
    state.textContent = say("failed");
    return;
  } finally {
    beginning = false;
    show();
  }
  text.value = "";
  for (const side of sides) side.ask(message);
  show();
  text.focus();
});
// Enter sends, as in a chat.
text?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});
document.getElementById("stop")?.addEventListener("click", () => sides.forEach((side) => side.stop()));
for (const side of sides) side.open();
