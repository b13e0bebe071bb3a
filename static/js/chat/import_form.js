// The form that imports a chat: the list isn't left before the file was taken, so that a refused one
// is still chosen in the form. Without this script the browser sends the form by itself.
import { token } from "../shared/csrf.js";

const form = document.getElementById("import");
const field = form.querySelector("input[type=file]");
const button = form.querySelector("button");
const going = document.getElementById("import-going");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  going.hidden = false;
  try {
    const response = await fetch(form.action, {
      method: "POST", headers: { Accept: "application/json", "X-CSRFToken": token() }, body: new FormData(form),
    });
    if (response.headers.get("Content-Type")?.startsWith("application/json") && response.ok) {
      location.assign((await response.json()).to);
      return;
    }
    // A refusal is this page again, with the reason at the field.
    take(new DOMParser().parseFromString(await response.text(), "text/html"));
  } catch {
    HTMLFormElement.prototype.submit.call(form); // no connection: the browser says so
  }
  button.disabled = false;
  going.hidden = true;
});

function take(answer) {
  const theirs = answer.getElementById("error-file");
  // Something else than a refusal, such as an expired form: the browser shows that page.
  if (!theirs) return HTMLFormElement.prototype.submit.call(form);
  document.getElementById("error-file")?.remove();
  const problem = document.importNode(theirs, true);
  problem.setAttribute("role", "alert");
  field.closest(".file").after(problem);
  for (const name of ["aria-invalid", "aria-describedby"]) field.setAttribute(name, answer.getElementById("file").getAttribute(name));
  field.focus();
}
// What was wrong with another file is not wrong with this one.
field.addEventListener("change", () => {
  document.getElementById("error-file")?.remove();
  field.removeAttribute("aria-invalid");
  field.setAttribute("aria-describedby", "file-help");
});
