// A file chooser in the site's look: the browser's own is on top, invisible, and keeps the keyboard, a
// dropped file and screen readers' texts; the face under it shows the chosen file.
for (const box of document.querySelectorAll(".file")) {
  const field = box.querySelector("input");
  const name = box.querySelector(".file-name");
  const tell = () => {
    name.textContent = field.files[0]?.name ?? name.dataset.none;
    name.classList.toggle("quiet", !field.files.length);
  };
  field.addEventListener("change", tell);
  field.form?.addEventListener("reset", () => setTimeout(tell));
  tell(); // the browser may keep the choice over a reload
}
