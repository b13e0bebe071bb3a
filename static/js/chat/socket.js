// One chat's websocket: JSON frames out and in, and a connection that restores itself.
// Events: "frame" (detail: the frame), "up", "down" (detail: {seconds}), "silent" and "heard" (the
// server takes frames without answering; it answers again), "offline" (the browser has no network),
// "out" (logged out), "gone" (deleted; when the deletion is undone, "up" follows).
const FIRST_WAIT = 500; // ms
const LONGEST_WAIT = 15000;
const SERVICE_RESTART = 1012; // the server restarts: reconnect at once
const LOGGED_OUT = 4401; // the session has ended; the browser may have another one by now
const GONE = 4404;
const LOOK_EVERY = 1000;
const ENDED_LOOK = 4000; // from a deletion to the first look whether it is undone; each later gap is twice as long
const ENDED_LONGEST = 60000;
const QUIET = 20000; // without a frame for this long, a ping checks the connection
const QUIET_IN_REPLY = 5000;
const PATIENCE = 10000; // for an answer, and for a connection to open: some networks drop it silently
const OFFLINE_ANSWER = 250; // without a network only a server on this machine answers, and that at once
const ONLINE_ANSWER = 2000; // a connection that survived the gap answers by then
const SILENCE = 45000; // without a frame for this long, the connection counts as dead

export class ChatSocket extends EventTarget {
  // standing: async () => "there", "gone" or "out"; isThere: async () => whether the chat exists
  constructor(path, standing, isThere) {
    super();
    this.isThere = isThere;
    this.url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    this.standing = standing;
    this.failures = 0;
    this.ready = false;
    this.ended = false;
    this.looked = 0; // when the chat was last looked for
    this.lookGap = ENDED_LOOK;
    this.out = false;
    this.suspect = false; // the session has ended: after one more refusal, standing is asked
    this.sessions = 0; // how often the browser has had another session since
    this.replying = false; // a reply is awaited: set by the page
    this.asked = null; // when the first unanswered frame was sent
    this.silent = false;
    this.offline = false; // the browser has said so, and no frame has come since
    setInterval(() => this.#look(), LOOK_EVERY);
    addEventListener("online", () => this.#network());
    addEventListener("offline", () => this.#network());
    addEventListener("pageshow", (event) => event.persisted && this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
  }

  open() {
    clearTimeout(this.timer);
    clearTimeout(this.opening);
    this.timer = null;
    const line = new WebSocket(this.url);
    this.line = line;
    this.opening = setTimeout(() => this.#drop(line), PATIENCE);
    line.addEventListener("message", (event) => {
      if (line !== this.line) return;
      this.#hear();
      const frame = JSON.parse(event.data);
      if (frame.type === "chat.ready") {
        clearTimeout(this.opening);
        this.failures = 0;
        this.ready = true;
        this.out = false;
        this.suspect = false;
        this.#tell("up");
      }
      if (frame.type !== "pong") this.#tell("frame", frame);
      if (frame.type === "chat.ready" && this.early) {
        this.send(this.early);
        this.early = null;
      }
    });
    line.addEventListener("close", (event) => line === this.line && this.#lost(event.code));
  }

  // True when the frame was sent; false without a connection.
  send(frame) {
    if (!this.ready || this.line.readyState !== WebSocket.OPEN) return false;
    this.asked ??= Date.now(); // each frame is answered by some frame
    this.line.send(JSON.stringify(frame));
    return true;
  }

  // As `send`; while the page's first connection is still opening the frame waits for it.
  sendSoon(frame) {
    if (this.send(frame)) return true;
    if (!this.line || this.ready || this.failures) return false;
    this.early = frame;
    return true;
  }

  // Another request didn't find the chat.
  async recheck() {
    const { sessions } = this;
    const answer = await this.standing();
    if (sessions === this.sessions) this.#act(answer);
  }

  retry() {
    if ((this.timer || this.out) && !this.line && !this.ended) this.open();
  }

  // The reader is back at a deleted chat: the deletion may have been undone where they were.
  async lookAgain() {
    this.lookGap = ENDED_LOOK;
    this.looked = Date.now();
    if (await this.isThere()) this.revive();
  }

  // The chat was deleted, and has been restored.
  revive() {
    if (!this.ended) return;
    this.ended = false;
    this.failures = 0;
    this.suspect = false;
    this.open();
  }

  // The browser has another person's session: the connection is opened anew.
  renew() {
    if (this.ended) return;
    const { line } = this;
    this.suspect = true;
    this.sessions += 1;
    this.#forget();
    this.open();
    line?.close();
  }

  // The connection counts as dead; its own end is ignored whenever it comes.
  #drop(line) {
    if (line !== this.line) return;
    this.#lost(1006);
    line.close();
  }

  #forget() {
    clearTimeout(this.opening);
    clearTimeout(this.timer);
    this.timer = null;
    this.ready = false;
    this.asked = null;
    this.line = null;
  }

  async #lost(code) {
    const wasReady = this.ready;
    this.#forget();
    this.early = null;
    if (code === GONE) return this.#act("gone");
    if (this.ended) return;
    const { suspect } = this;
    this.suspect ||= code === LOGGED_OUT;
    this.failures += 1;
    const atOnce = (code === SERVICE_RESTART && wasReady) || code === LOGGED_OUT;
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.failures - 1));
    const wait = atOnce ? Math.random() * 200 : longest * (0.5 + Math.random() / 2);
    this.timer = setTimeout(() => this.open(), wait);
    if (!this.out) this.#tell("down", { seconds: Math.max(1, Math.round(wait / 1000)), failures: this.failures });
    if (!suspect && this.failures % 3 !== 2) return;
    // An answer to the earlier session must not close the connection that a new one has opened.
    const { sessions } = this;
    const answer = await this.standing();
    if (!this.ready && sessions === this.sessions) this.#act(answer);
  }

  #act(answer) {
    if (answer === "there" || this.ended) return;
    const { line } = this;
    this.#forget();
    line?.close();
    this.ended = answer === "gone";
    this.looked = Date.now();
    this.lookGap = ENDED_LOOK;
    this.out = answer === "out";
    this.silent = false;
    this.#tell(answer);
  }

  #hear() {
    this.heard = Date.now();
    this.asked = null;
    clearTimeout(this.checking);
    const wordless = this.silent || this.offline;
    this.silent = this.offline = false;
    if (wordless) this.#tell("heard");
  }

  // The browser's network went or came back: a ping checks the connection.
  #network() {
    if (this.ended) return;
    const { onLine } = navigator;
    const { line } = this;
    clearTimeout(this.checking);
    if (onLine) this.retry();
    this.send({ type: "ping" });
    this.checking = setTimeout(() => {
      if (!onLine) {
        this.offline = true;
        this.#tell("offline");
      } else if (line) {
        this.#drop(line);
      }
    }, onLine ? ONLINE_ANSWER : OFFLINE_ANSWER);
  }

  async #look() {
    const now = Date.now();
    if (this.ended) {
      if (document.hidden || now - this.looked < this.lookGap) return;
      this.looked = now;
      this.lookGap = Math.min(ENDED_LONGEST, this.lookGap * 2);
      if (await this.isThere()) this.revive();
      return;
    }
    if (!this.ready) return;
    if (now - this.heard > SILENCE) return this.#drop(this.line);
    if (this.asked !== null && now - this.asked >= PATIENCE && !this.silent && !this.offline) {
      this.silent = true;
      this.#tell("silent");
    } else if (this.asked === null && now - this.heard >= (this.replying ? QUIET_IN_REPLY : QUIET)) {
      this.send({ type: "ping" });
    }
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
