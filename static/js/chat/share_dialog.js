// The dialog of a public link, to a chat or to one turn: nothing is public before "Create link".
import { post } from "../shared/post_form.js";

const dialog = document.getElementById("share-dialog");
const part = (selector) => dialog.querySelector(selector);
let path = ""; // where the link is asked for, created and revoked
let changed = () => {};

function show({ url, current }) {
  part(".share-off").hidden = Boolean(url);
  part(".share-on").hidden = !url;
  part(".share-stale").hidden = !url || current;
  part("#share-url").value = url ?? "";
  if (url) part(".share-on a").href = url;
  else part(".share-on a").removeAttribute("href");
}

function complain(words) {
  part(".problem").textContent = words;
  part(".problem").hidden = !words;
}

async function ask(fields) {
  complain("");
  part(".share-ended span").hidden = true;
  try {
    const facts = await post(path, fields);
    show(facts);
    changed(Boolean(facts.url));
    return facts;
  } catch (fault) {
    complain(fault.detail ?? dialog.dataset.failed);
    return null;
  }
}

// `what` is "chat" or "turn"; told(shared) after each change.
export async function openShare(url, what, chat, told = () => {}) {
  [path, changed] = [url, told];
  for (const words of dialog.querySelectorAll("[data-of]")) words.hidden = words.dataset.of !== what;
  part(".share-all").href = `/chat/${chat}/menu/`;
  part(".share-ended span").hidden = true;
  complain("");
  show({ url: null, current: true });
  dialog.showModal();
  part("[data-on]").focus();
  try {
    const response = await fetch(path, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const facts = await response.json();
    show(facts);
    if (facts.url) part("[data-copy]").focus();
  } catch {
    complain(dialog.dataset.failed);
  }
}

part("[data-shut]").addEventListener("click", () => dialog.close());
part("[data-on]").addEventListener("click", async () => (await ask({ on: 1 })) && part("[data-copy]").focus());
part("[data-renew]").addEventListener("click", async () => (await ask({ on: 1 })) && part("[data-copy]").focus());
part("[data-off]").addEventListener("click", async () => {
  if (!(await ask({ on: 0 }))) return;
  part(".share-ended span").hidden = false;
  part("[data-on]").focus();
});
part("#share-url").addEventListener("focus", ({ target }) => target.select());
part("[data-copy]").addEventListener("click", async ({ currentTarget: button }) => {
  const field = part("#share-url");
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    field.select(); // absent on plain http, or refused: the old API works there
    if (!document.execCommand("copy")) return;
    button.focus();
  }
  const words = button.textContent;
  if (words === button.dataset.copied) return;
  button.textContent = button.dataset.copied;
  setTimeout(() => (button.textContent = words), 1500);
});
