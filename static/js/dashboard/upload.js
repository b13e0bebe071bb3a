// A form with files: says before sending which file is too large, and shows the progress. Without
// this script the browser sends the form by itself.
import { cut } from "../shared/graphemes.js";
import { loggedOut } from "./logged_out.js";
import { say } from "../shared/strings.js";

const form = document.querySelector("form[data-upload]");
const status = form.querySelector(".going");
const bar = form.querySelector("progress.sent");
const button = form.querySelector("button");
const inputs = [...form.querySelectorAll("input[type=file]")];

const size = () => inputs.reduce((sum, input) => sum + (input.files[0]?.size ?? 0), 0);
const tooLarge = () => size() > Number(form.dataset.most);

for (const input of inputs) {
  input.addEventListener("change", () => {
    status.textContent = tooLarge() ? say("tooLarge") : "";
    status.classList.toggle("bad", tooLarge());
    // The file's name is a first guess at the name here.
    const name = form.querySelector("#name");
    if (input.id === "file" && name && !name.value && input.files[0]) {
      const called = input.files[0].name.replace(/\.(gz|xz|zst)$/i, "").replace(/\.\w+$/, "");
      name.value = cut(called.replace(/[:,/\\]/g, "-"), 100);
    }
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (tooLarge()) {
    status.textContent = say("tooLarge");
    status.classList.add("bad");
    return;
  }
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", (sent) => {
    bar.value = (100 * sent.loaded) / sent.total;
    status.textContent = say("sent", { share: `${Math.floor(bar.value)}%` });
  });
  request.upload.addEventListener("load", () => {
    bar.value = 100; // a small file has no other progress
    status.textContent = say("reading");
  });
  request.addEventListener("load", () => {
    if (loggedOut(request.status)) return failed();
    // A success names the page to go on to. A refusal is this page again, with the reason.
    if (request.getResponseHeader("Content-Type")?.startsWith("application/json")) {
      location.assign(JSON.parse(request.responseText).to);
      return;
    }
    failed();
    const answer = new DOMParser().parseFromString(request.responseText, "text/html");
    if (answer.querySelector("#problem")) {
      take(answer);
    } else {
      status.textContent = request.status === 413 ? say("tooLarge") : say("failed");
      status.classList.add("bad");
    }
  });
  request.addEventListener("error", () => {
    failed();
    status.textContent = say("failed");
    status.classList.add("bad");
  });
  status.classList.remove("bad");
  button.disabled = true;
  bar.hidden = false;
  request.send(new FormData(form));
});

// The errors of a refusal's page, on top and at each field; the input stays, the file too.
function take(answer) {
  const section = form.closest("section");
  for (const old of section.querySelectorAll(".problem")) old.remove();
  form.before(document.importNode(answer.querySelector("#problem"), true));
  for (const field of form.elements) {
    const theirs = field.id && answer.getElementById(field.id);
    if (!theirs) continue;
    for (const name of ["aria-invalid", "aria-describedby"]) {
      if (theirs.hasAttribute(name)) field.setAttribute(name, theirs.getAttribute(name));
      else field.removeAttribute(name);
    }
    const place = (element) => element.closest(".file") ?? element;
    const own = [...place(theirs).parentElement.querySelectorAll(":scope > .problem")];
    place(field).after(...own.map((element) => document.importNode(element, true)));
    if (own.length) field.closest("details")?.setAttribute("open", "");
  }
  form.previousElementSibling.scrollIntoView({ block: "nearest" });
}

function failed() {
  button.disabled = false;
  bar.hidden = true;
  bar.value = 0;
  status.textContent = "";
}
