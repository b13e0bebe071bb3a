// A hand on the memory: fork, forget, share, from a turn's menu or the memory panel.
import { Kept } from "../shared/browser_storage.js";
import { chooseForgotten } from "./forget_dialog.js";
import { element } from "./chat_page.js";
import { openShare } from "./share_dialog.js";
import { forgottenIn, isTalk, pathTo } from "./tree.js";
import { post } from "../shared/post_form.js";
import { token } from "../shared/csrf.js";
import { say } from "../shared/strings.js";
import { turnMenus } from "./turn_menu.js";

export class Hand {
  constructor(chat, sending) {
    Object.assign(this, { chat, sending });
    this.kept = new Kept("sessionStorage", "forgotten", chat.id); // {turn, at, text, old, head}
    turnMenus(chat.list, (name, li) => this.#act(name, li.dataset.turn));
    element("memory-fork").addEventListener("click", () => this.fork(chat.tree.head));
    element("memory-forget").addEventListener("click", () => this.#choose());
    element("forgotten").querySelector("button").addEventListener("click", () => {
      const undoable = this.#undoable;
      if (undoable) sending.goTo(undoable.old);
    });
    element("load-memory").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#load(event.target);
    });
    element("unblank").addEventListener("click", () => chat.tree.blanked && sending.goTo(chat.tree.blanked));
  }

  #act(name, turn) {
    if (!turn) return;
    if (name === "fork") this.fork(turn);
    else if (name === "forget") this.forget(turn);
    else if (name === "compare") this.sending.compare(this.chat.viewOf(turn)).catch(() => {});
    else if (name === "share") openShare(`/turn/${turn}/share/`, "turn", this.chat.id, (on) => on && this.#markPublic());
  }

  #markPublic() {
    document.querySelector(".chat-head .public-mark").hidden = false;
  }

  async fork(turn) {
    const { composer } = this.chat;
    if (!turn) return;
    try {
      const { to } = await post(`/turn/${turn}/fork/`, {});
      location.assign(to);
    } catch (fault) {
      composer.complain(fault.detail ?? say("actFailed"));
    }
  }

  // A memory file becomes the memory at the head; what is wrong with it is said below it.
  async #load(form) {
    const problem = element("load-problem");
    const complain = (words) => {
      problem.textContent = words;
      problem.hidden = !words;
    };
    complain("");
    element("load-send").disabled = true;
    try {
      const response = await fetch(form.action, { method: "POST", headers: { Accept: "application/json", "X-CSRFToken": token() }, body: new FormData(form) });
      const { error } = await response.json().catch(() => ({}));
      if (!response.ok) complain(error?.detail ?? say("actFailed"));
      else {
        form.reset();
        await this.chat.sync();
      }
    } catch {
      complain(say("actFailed"));
    }
    element("load-send").disabled = false;
  }

  async #choose() {
    const tree = await this.chat.complete("user_text").catch(() => this.chat.tree);
    const talk = pathTo(tree, tree.head).filter(isTalk);
    chooseForgotten(talk.map(({ id, user_text: text }) => ({ id, text: text ?? "" })), (turn) => this.forget(turn));
  }

  // Whether the request went out.
  forget(turn) {
    const { chat } = this;
    const path = pathTo(chat.tree, chat.tree.head);
    const at = path.findIndex((other) => other.id === turn);
    if (at < 0 || !this.sending.forget(turn)) return false;
    const text = chat.viewOf(turn)?.user.textContent ?? "";
    this.asked = { turn, at, text, old: chat.tree.head };
    element("spoken").textContent = say("forgetting");
    return true;
  }

  // The head has moved: the turn that was asked to be forgotten is left out of the new branch.
  moved(head) {
    if (this.asked) this.kept.value = { ...this.asked, head: head ?? null };
    this.asked = null;
  }

  refused() {
    this.asked = null;
  }

  // The turns that stand on the page though they were forgotten: [{id, at}]. A last turn that was
  // forgotten leaves no trace in the tree: the head has moved before it. This tab remembers it.
  leftOut(path) {
    const { tree } = this.chat;
    const left = forgottenIn(tree, path);
    const { value } = this.kept;
    const last = value && value.head === (tree.head ?? null) && !left.some(({ id }) => id === value.turn);
    if (last && tree.turns.some(({ id }) => id === value.turn)) left.push({ id: value.turn, at: value.at });
    return left;
  }

  // The offer to undo, until the next message: {old: the head before, text?}, or null.
  get #undoable() {
    const { tree } = this.chat;
    const { value } = this.kept;
    if (value && value.head === (tree.head ?? null)) return value;
    const why = this.chat.turnOf(tree.head)?.parameters;
    return why?.forgotten && this.chat.turnOf(why.of) ? { old: why.of, turn: why.forgotten } : null;
  }

  // The head before a turn was just forgotten, or null.
  get before() {
    return this.#undoable?.old ?? null;
  }

  show(busy) {
    const { chat } = this;
    const { head, blanked } = chat.tree;
    const talk = pathTo(chat.tree, head).some(isTalk);
    element("memory-fork").disabled = busy || !head;
    for (const name of ["edit", "transplant"]) {
      const link = element(`memory-${name}`);
      link.setAttribute("aria-disabled", String(busy || !head));
      if (busy || !head) link.removeAttribute("href");
      else link.href = `/turn/${head}/${name}/`;
    }
    element("load-send").disabled = busy;
    element("memory-forget").disabled = busy || !talk;
    element("blanked-note").hidden = busy || Boolean(head) || !blanked || chat.views.length > 0;
    const undoable = busy ? null : this.#undoable;
    const note = element("forgotten");
    note.hidden = !undoable;
    if (!undoable) return;
    element("aside").hidden = true; // it would offer the same
    const text = chat.viewOf(undoable.turn)?.user.textContent ?? undoable.text ?? "";
    note.firstElementChild.textContent = say("forgot", { text: short(text) });
  }
}

const short = (text) => (text.length > 60 ? `${text.slice(0, 57)}…` : text);
