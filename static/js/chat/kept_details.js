// Parts of the memory panel that fold: open or closed as this browser left them.
import { Kept } from "../shared/browser_storage.js";

for (const part of document.querySelectorAll("details[data-kept]")) {
  const open = new Kept("localStorage", part.dataset.kept, "open");
  part.open = open.value === true;
  part.addEventListener("toggle", () => (open.value = part.open || null));
}
