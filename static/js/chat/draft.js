// The unsent text of a chat: this tab's own, so that two tabs don't overwrite each other; a new tab
// begins with what was written last in any.
import { Kept } from "../shared/browser_storage.js";

export class Draft {
  constructor(chat) {
    this.own = new Kept("sessionStorage", "draft", chat); // "": this tab has none
    this.last = new Kept("localStorage", "draft", chat);
  }

  get value() {
    return (this.own.value ?? this.last.value) || "";
  }

  set value(text) {
    const before = this.own.value;
    this.own.value = text;
    if (text) this.last.value = text;
    else if (this.last.value === before) this.last.value = null; // another tab's words stay
  }

  forget() {
    this.own.value = this.last.value = null;
  }
}
