// The form that imports a chat: the list stays until the file is taken, so that a refused file is
// still chosen in the form. Without this script the browser sends the form by itself.
import { token } from "../shared/csrf.js";

const form = document.getElementById("import");
const field = form.querySelector("input[type=file]");
const button = form.querySelector("button");
const going = document.getElementById("import-going");

// On a phone the open form pushes the list down instead of covering it (chats.css).
const pop = form.closest("details");
const head = document.querySelector(".chats-head");
const GAP = 28; // px between the form and what is below it
const makeRoom = () => head.style.setProperty("--sheet-room", pop.open ? `${form.offsetHeight + GAP}px` : "0px");
pop.addEventListener("toggle", makeRoom);
new ResizeObserver(makeRoom).observe(form);

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
    HTMLFormElement.prototype.submit.call(form); // no connection: the browser reports it
  }
  button.disabled = false;
  going.hidden = true;
});

function take(answer) {
  const theirs = answer.getElementById("error-file");
  // Another answer than a refusal, such as an expired form: the browser shows that page.
  if (!theirs) return HTMLFormElement.prototype.submit.call(form);
  document.getElementById("error-file")?.remove();
  const problem = document.importNode(theirs, true);
  problem.setAttribute("role", "alert");
  field.closest(".file").after(problem);
  for (const name of ["aria-invalid", "aria-describedby"]) field.setAttribute(name, answer.getElementById("file").getAttribute(name));
  field.focus();
}
// The error of another file doesn't apply to this one.
field.addEventListener("change", () => {
  document.getElementById("error-file")?.remove();
  field.removeAttribute("aria-invalid");
  field.setAttribute("aria-describedby", "file-help");
});
