// Data that this browser keeps for one chat. Storage may be full or forbidden: then it keeps none.
export class Kept {
  constructor(storage, name, chat) {
    this.key = `gatescope.${name}.${chat}`;
    try {
      this.storage = globalThis[storage];
    } catch {
      this.storage = null;
    }
  }

  get value() {
    try {
      return JSON.parse(this.storage.getItem(this.key));
    } catch {
      return null;
    }
  }

  set value(value) {
    try {
      if (value === null) this.storage.removeItem(this.key);
      else this.storage.setItem(this.key, JSON.stringify(value));
    } catch {
      // Nothing to do: the page works without it.
    }
  }
}
