// The person whom this browser is logged in as: a page that was loaded as another one updates its bar
// and dispatches a "person" event. Pages notify each other when they load, so nothing is polled.
import "./csrf.js";
import { leadBack } from "./return_after_log_in.js";

const parts = () => document.querySelectorAll("[data-account]");
const channel = new BroadcastChannel("gatescope.person");
let person = parts()[0]?.dataset.person ?? null; // null: this page has none

export const personNow = () => person;

// Asks the server, updates the page, and answers with the person ("" is a stranger).
export async function renew() {
  const response = await fetch("/accounts/");
  if (!response.ok) throw new Error(`status ${response.status}`);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-account]");
  for (const part of parts()) part.replaceWith(document.importNode(fresh, true));
  leadBack();
  const changed = fresh.dataset.person !== person;
  person = fresh.dataset.person;
  if (changed) document.dispatchEvent(new CustomEvent("person", { detail: { person } }));
  return person;
}

channel.addEventListener("message", ({ data }) => {
  if (person !== null && data !== person) renew().catch(() => {}); // no connection: the page learns of it later
});
addEventListener("pageshow", (event) => {
  if (event.persisted && person !== null) renew().catch(() => {});
});
if (person !== null) channel.postMessage(person);
leadBack();
