// On a narrow screen the list of chats and the memory become sheets over the page.
const veil = document.getElementById("veil");
let open = null; // {panel, button}

function close() {
  if (!open) return;
  open.panel.classList.remove("open");
  open.button.setAttribute("aria-expanded", "false");
  open.button.focus();
  veil.hidden = true;
  open = null;
}

for (const button of document.querySelectorAll("[data-opens]")) {
  const panel = document.getElementById(button.dataset.opens);
  button.addEventListener("click", () => {
    close();
    open = { panel, button };
    panel.classList.add("open");
    button.setAttribute("aria-expanded", "true");
    veil.hidden = false;
    panel.querySelector("[data-close]").focus();
  });
  panel.querySelector("[data-close]").addEventListener("click", close);
  // Tab stays inside while the sheet is open.
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Tab" || open?.panel !== panel) return;
    const stops = [...panel.querySelectorAll("a[href], button, input, summary")].filter((stop) => stop.checkVisibility());
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    if (document.activeElement !== edge) return;
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0]).focus();
  });
}
veil.addEventListener("click", close);
document.addEventListener("chat:goto", close); // the result of the memory's button is among the messages
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !open) return;
  close();
  event.stopImmediatePropagation();
}, true);
matchMedia("(min-width: 900px)").addEventListener("change", close);
