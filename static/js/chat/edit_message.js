// A message edited in its place: Enter sends it as another version, Esc leaves it unchanged.
import { fit, keepOut, measure, sends } from "./composer.js";
import { say } from "../shared/strings.js";
import { TokenCount } from "./token_count.js";

const template = document.getElementById("edit-template");

// send(text) -> whether it was sent. The editor takes the message's place until then.
export function edit(view, send, text = view.user.textContent) {
  if (view.li.querySelector(".editor")) return;
  const form = template.content.firstElementChild.cloneNode(true);
  const field = form.querySelector("textarea");
  const submit = form.querySelector("[type=submit]");
  const count = form.querySelector(".count");

  const tokens = new TokenCount(changed);

  function changed() {
    const { words, over, sendable } = measure(field.value, tokens.of(field.value));
    count.textContent = words;
    count.classList.toggle("over", over);
    submit.disabled = !sendable;
    fit(field);
  }

  function leave() {
    form.remove();
    view.li.classList.remove("editing");
  }

  function cancel() {
    leave();
    view.li.querySelector(".edit").focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!measure(field.value, tokens.of(field.value)).sendable) return;
    if (send(field.value)) leave();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation(); // a reply that runs goes on
      cancel();
    } else if (event.target === field && sends(event)) {
      event.preventDefault();
      form.requestSubmit(submit.disabled ? null : submit);
    }
  });
  form.querySelector(".leave").addEventListener("click", cancel);
  field.addEventListener("input", changed);
  keepOut(field, (sentence) => {
    count.textContent = sentence; // until the next key
    count.classList.add("over");
  });
  field.value = text;
  view.li.classList.add("editing");
  view.li.querySelector(".you").append(form);
  changed();
  field.focus();
  field.setSelectionRange(text.length, text.length);
}
