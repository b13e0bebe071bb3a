// Who this browser is logged in as: a page that was loaded as somebody else says so anew, in its bar
// and by a "person" event. Pages tell each other when they are loaded, so nothing is polled.
import "./csrf.js";
import { leadBack } from "./return_after_log_in.js";

const parts = () => document.querySelectorAll("[data-account]");
const channel = new BroadcastChannel("gatescope.person");
let person = parts()[0]?.dataset.person ?? null; // null: this page doesn't say

export const personNow = () => person;

// Asks the server, renews what the page says, and answers with the person ("" is a stranger).
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
  if (person !== null && data !== person) renew().catch(() => {}); // no connection: the page finds out later
});
addEventListener("pageshow", (event) => {
  if (event.persisted && person !== null) renew().catch(() => {});
});
if (person !== null) channel.postMessage(person);
leadBack();
