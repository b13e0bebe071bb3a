// The content of a submitted form is kept in the tab until the next page is there. Where the session
// was over, the log-in page leads back to the form's page, which restores it (#draft).
import { Kept } from "../shared/browser_storage.js";

const kept = new Kept("sessionStorage", "draft", "form");
const user = () => document.querySelector("#user-tools strong")?.textContent ?? "";
const asked = location.hash === "#draft";
const isLogIn = document.body?.classList.contains("login") ?? false;

// Passwords and files aren't kept; neither is the token, which has changed by then.
const fieldsOf = (form) => [...form.elements].filter(
  ({ name, type }) => name && name !== "csrfmiddlewaretoken" && !["password", "file", "hidden", "submit", "button"].includes(type),
);
const isTicked = ({ type }) => type === "checkbox" || type === "radio";

document.addEventListener("submit", ({ target }) => {
  if (target.method !== "post" || isLogIn) return;
  const values = fieldsOf(target).map((field) => {
    if (isTicked(field)) return [field.name, field.value, field.checked];
    if (field.multiple) return [field.name, [...field.selectedOptions].map(({ value }) => value), true];
    return [field.name, field.value, true];
  });
  if (values.length) kept.value = { user: user(), page: location.pathname, action: target.getAttribute("action") ?? "", values };
}, true);

function fill(form, values) {
  const fields = fieldsOf(form);
  for (const [name, value, on] of values) {
    const field = fields.find((candidate) => candidate.name === name && (!isTicked(candidate) || candidate.value === value));
    if (!field) continue;
    if (isTicked(field)) field.checked = on;
    else if (field.multiple) for (const option of field.options) option.selected = value.includes(option.value);
    else field.value = value;
    for (let fold = field.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open ||= Boolean(on && value);
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function restore() {
  history.replaceState(null, "", location.pathname + location.search);
  const draft = kept.value;
  if (!draft || draft.user !== user() || draft.page !== location.pathname) return;
  const form = [...document.forms].find((candidate) => candidate.method === "post" && (candidate.getAttribute("action") ?? "") === draft.action);
  if (!form) return;
  fill(form, draft.values);
  const notice = document.importNode(document.getElementById("draft-kept").content, true).firstElementChild;
  form.before(notice);
  notice.scrollIntoView({ block: "center" });
  notice.focus({ preventScroll: true });
}

// Modules run once the document is parsed; the others that fill in a page have run by the load.
if (asked && !isLogIn) addEventListener("load", restore);
else if (!isLogIn) kept.value = null;
