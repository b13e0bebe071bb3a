// The forms that change a memory: a field chooses the option that it belongs to, a chosen chat is shown
// at once, and the slider says its value.
for (const field of document.querySelectorAll("[data-for]")) {
  field.addEventListener("input", () => (document.getElementById(field.dataset.for).checked = true));
}
for (const select of document.querySelectorAll("[data-submits]")) {
  select.addEventListener("change", () => select.value && select.form.requestSubmit());
}
const number = document.getElementById("number");
number?.addEventListener("input", () => {
  const zero = document.getElementById("do-zero");
  if (zero.checked) document.getElementById("do-scale").checked = true;
});
const weight = document.getElementById("weight");
const tell = () => (document.getElementById("weight-value").textContent = Number(weight.value).toFixed(2));
weight?.addEventListener("input", tell);
if (weight) tell();
