// The form of a run: another preset changes the values shown in empty fields.
const presets = JSON.parse(document.getElementById("presets").textContent);

function show(preset) {
  for (const field of document.querySelectorAll("[data-setting]")) {
    const value = String(presets[preset]?.[field.dataset.setting] ?? "");
    if (field.tagName === "SELECT") {
      const named = [...field.options].find((option) => option.value === value);
      field.options[0].textContent = named ? named.textContent : value;
    }
    else field.placeholder = value;
  }
}

for (const radio of document.querySelectorAll("input[name=preset]")) {
  radio.addEventListener("change", () => show(radio.value));
  if (radio.checked) show(radio.value);
}
