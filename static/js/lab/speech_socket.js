// The socket that hears: sound out, frames and words in. Events: "heard", "finished" (detail: the
// message), "fault" (detail: a sentence, or null where the connection broke).
export class SpeechSocket extends EventTarget {
  constructor(path) {
    super();
    this.url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    this.maps = new Map();
  }

  // Opens, or begins anew on the open connection; resolves when sound may be sent.
  async begin() {
    if (this.line?.readyState !== WebSocket.OPEN) await this.#open();
    this.#fail(this.maps);
    const begun = this.#next("speech.begun");
    this.line.send(JSON.stringify({ type: "speech.begin" }));
    await begun;
  }

  #open() {
    const line = new WebSocket(this.url);
    this.line = line;
    line.addEventListener("message", ({ data }) => line === this.line && this.#take(JSON.parse(data)));
    line.addEventListener("close", () => line === this.line && this.#broke());
    return this.#next("speech.ready");
  }

  #next(type) {
    return new Promise((done, failed) => { this.awaited = { type, done, failed }; });
  }

  #broke() {
    const { awaited } = this;
    this.awaited = null;
    this.#fail(this.maps);
    if (awaited) awaited.failed(new Error(""));
    else this.#tell("fault", null);
  }

  #fail(maps) {
    for (const { failed } of maps.values()) failed(new Error(""));
    maps.clear();
  }

  #take(message) {
    if (message.type === this.awaited?.type) {
      const { done } = this.awaited;
      this.awaited = null;
      done(message);
    } else if (message.type === "error") this.#refuse(message.detail);
    else if (message.type === "speech.heard") this.#tell("heard", message);
    else if (message.type === "speech.finished") this.#tell("finished", message);
    else if (message.type === "speech.map") {
      const key = `${message.gate} ${message.layer}`;
      this.maps.get(key)?.done(Uint8Array.from(atob(message.data), (c) => c.charCodeAt(0)).buffer);
      this.maps.delete(key);
    }
  }

  #refuse(sentence) {
    const { awaited } = this;
    this.awaited = null;
    if (awaited) awaited.failed(new Error(sentence));
    else if (this.maps.size) {
      for (const { failed } of this.maps.values()) failed(new Error(sentence));
      this.maps.clear();
    } else this.#tell("fault", sentence);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  sound(samples) {
    if (this.line?.readyState === WebSocket.OPEN) this.line.send(samples.buffer);
  }

  end() {
    if (this.line?.readyState === WebSocket.OPEN) this.line.send(JSON.stringify({ type: "speech.end" }));
  }

  // The bytes of one gate's map over what was heard.
  map(gate, layer) {
    if (this.line?.readyState !== WebSocket.OPEN) return Promise.reject(new Error(""));
    return new Promise((done, failed) => {
      this.maps.set(`${gate} ${layer}`, { done, failed });
      this.line.send(JSON.stringify({ type: "speech.map", gate, layer }));
    });
  }
}
