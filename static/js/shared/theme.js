// Light, dark, or the system's: kept in a cookie, so that the server draws the right one at once. Also
// closes the small panels that open from a button.
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

function dark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
}

for (const button of document.querySelectorAll("[data-theme-toggle]")) {
  button.addEventListener("click", () => {
    const theme = dark() ? "light" : "dark";
    root.dataset.theme = theme;
    document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
    document.dispatchEvent(new Event("themechange"));
  });
}
// Paper is always light: canvases are drawn again for it, and for the screen after.
for (const query of [system, matchMedia("print")]) {
  query.addEventListener("change", () => document.dispatchEvent(new Event("themechange")));
}

function closePops(except) {
  for (const pop of document.querySelectorAll("details.pop[open]")) {
    if (pop !== except) pop.open = false;
  }
}
document.addEventListener("click", (event) => closePops(event.target.closest("details.pop")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const pop = document.querySelector("details.pop[open]");
  if (!pop) return;
  pop.open = false;
  pop.querySelector("summary").focus();
  event.stopImmediatePropagation();
}, true);
