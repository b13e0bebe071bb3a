// A file chooser in the site's look: the browser's own lies over it, unseen, and keeps the keyboard, a
// dropped file and what screen readers say; the face under it says which file was chosen.
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
