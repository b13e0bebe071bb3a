// One chat's websocket: JSON frames out and in, and a connection that mends itself.
// Events: "frame" (detail: the frame), "up", "down" (detail: {seconds}), "gone".
const FIRST_WAIT = 500; // ms
const LONGEST_WAIT = 15000;
const SERVICE_RESTART = 1012; // the server says it is coming back: try at once
const OVER = new Set([4401, 4404]); // logged out; the chat is gone
const PING_EVERY = 20000;
const PATIENCE = 10000; // for a connection to open: some networks swallow it without a word
const SILENCE = 45000; // longer than this and the line is dead, whatever the browser thinks

export class ChatSocket extends EventTarget {
  constructor(path, stillThere) {
    super();
    this.url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    this.stillThere = stillThere; // async () => false when the chat is gone for good
    this.failures = 0;
    this.ready = false;
    this.ended = false;
    setInterval(() => this.#beat(), PING_EVERY);
    addEventListener("online", () => this.retry());
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
      this.heard = Date.now();
      const frame = JSON.parse(event.data);
      if (frame.type === "chat.ready") {
        clearTimeout(this.opening);
        this.failures = 0;
        this.ready = true;
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

  // True when the frame went out; false when there is no connection to send it on.
  send(frame) {
    if (!this.ready || this.line.readyState !== WebSocket.OPEN) return false;
    this.line.send(JSON.stringify(frame));
    return true;
  }

  // As `send`; while the page's first connection is still being opened the frame waits for it.
  sendSoon(frame) {
    if (this.send(frame)) return true;
    if (!this.line || this.ready || this.failures) return false;
    this.early = frame;
    return true;
  }

  // The chat is gone, as somebody else found out.
  end() {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    this.line?.close();
    this.#tell("gone");
  }

  retry() {
    if (this.timer && !this.ended) this.open();
  }

  // The line is taken for dead; its own end, whenever that comes, says nothing any more.
  #drop(line) {
    if (line !== this.line) return;
    this.#lost(1006);
    line.close();
  }

  async #lost(code) {
    clearTimeout(this.opening);
    const wasReady = this.ready;
    this.ready = false;
    this.early = null;
    this.line = null;
    if (OVER.has(code)) this.ended = true;
    if (this.ended) return this.#tell("gone");
    this.failures += 1;
    const atOnce = code === SERVICE_RESTART && wasReady;
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.failures - 1));
    const wait = atOnce ? Math.random() * 200 : longest * (0.5 + Math.random() / 2);
    this.timer = setTimeout(() => this.open(), wait);
    this.#tell("down", { seconds: Math.max(1, Math.round(wait / 1000)), failures: this.failures });
    if (this.failures % 3 === 2 && !(await this.stillThere())) {
      clearTimeout(this.timer);
      this.ended = true;
      this.#tell("gone");
    }
  }

  #beat() {
    if (!this.ready) return;
    if (Date.now() - this.heard > SILENCE) this.#drop(this.line);
    else this.send({ type: "ping" });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
