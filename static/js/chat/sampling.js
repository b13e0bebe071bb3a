// The sampling drawer: values kept a chat as they were typed, checked before they are sent, and
// never corrected silently. A value that equals the default isn't sent.
import { Drawer } from "./drawer.js";
import { tell } from "./events.js";
import { Kept } from "../shared/browser_storage.js";
import { say } from "../shared/strings.js";

const element = (id) => document.getElementById(id);

export class Sampling {
  constructor(chat, presets) {
    this.presets = presets; // {key: {setting: value}}: the differences from the defaults
    this.kept = new Kept("localStorage", "sampling", chat);
    this.inputs = [...document.querySelectorAll("[data-setting]")];
    this.buttons = [...document.querySelectorAll("[data-preset]")];
    this.drawer = new Drawer(element("sampling"), element("sampling-open"), () => this.#first().focus());
    for (const input of this.inputs) input.addEventListener("input", () => this.#changed());
    for (const button of this.buttons) {
      button.addEventListener("click", () => this.#take(presets[button.dataset.preset]));
    }
    element("sampling-reset").addEventListener("click", () => this.#fill({}));
    addEventListener("storage", ({ key }) => key === this.kept.key && this.#fill(this.kept.value ?? {}));
    this.defaults = Object.fromEntries(this.inputs.map(({ dataset }) => [dataset.setting, dataset.default]));
    this.#fill(this.kept.value ?? {});
  }

  // The settings to send (undefined: all defaults), or null when one of them is wrong.
  get settings() {
    if (this.faults.length) return null;
    const others = this.inputs.filter((input) => differs(input));
    if (!others.length) return undefined;
    return Object.fromEntries(others.map((input) => [input.dataset.setting, Number(input.value)]));
  }

  get faults() {
    return this.inputs.filter((input) => isWrong(input)).map(({ dataset }) => dataset.setting);
  }

  // Both are valid, and the server takes them: the limit is the stronger.
  get #minAboveMax() {
    const [low, high] = ["min_tokens", "max_tokens"].map((name) => this.inputs.find(({ dataset }) => dataset.setting === name));
    return !isWrong(low) && !isWrong(high) && numberOf(low) > numberOf(high);
  }

  // Opens at the first error.
  show() {
    if (!this.drawer.isOpen) this.drawer.open();
    this.#first().focus();
  }

  #first() {
    return this.inputs.find((input) => isWrong(input)) ?? this.buttons[0];
  }

  #take(values) {
    const seed = this.inputs.find(({ dataset }) => dataset.setting === "seed").value;
    this.#fill({ seed, ...values });
  }

  #fill(values) {
    for (const input of this.inputs) input.value = values[input.dataset.setting] ?? input.dataset.default;
    this.#changed();
  }

  #changed() {
    for (const input of this.inputs) input.setAttribute("aria-invalid", String(isWrong(input)));
    element("min-above-max").hidden = !this.#minAboveMax;
    const others = this.inputs.filter((input) => differs(input));
    // Text that is no number reads as "" here: the field keeps it, a reload gives the default.
    this.kept.value = others.length ? Object.fromEntries(others.map((field) => [field.dataset.setting, field.value])) : null;
    const current = this.#preset();
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button === current));
    const chip = element("sampling-open");
    chip.classList.toggle("other", others.length > 0);
    chip.classList.toggle("wrong", this.faults.length > 0);
    element("sampling-chip").textContent = this.#words(others, current);
    if (!this.faults.length) tell("sampling");
  }

  #words(others, preset) {
    const { faults } = this;
    if (faults.length) return say("samplingWrong", { names: faults.join(", ") });
    if (!others.length) return say("sampling");
    const seed = others.find(({ dataset }) => dataset.setting === "seed");
    if (preset && preset.dataset.preset !== "balanced") {
      return seed ? `${preset.textContent}, seed ${seed.value}` : preset.textContent;
    }
    const shown = others.slice(0, 2).map((input) => `${input.dataset.setting} ${input.value}`).join(", ");
    return others.length > 2 ? `${shown}, +${others.length - 2}` : shown;
  }

  // The preset that the fields equal, apart from the seed.
  #preset() {
    return this.buttons.find(({ dataset }) => {
      const values = this.presets[dataset.preset];
      return this.inputs.every((input) => {
        const { setting, default: normal } = input.dataset;
        if (setting === "seed") return true;
        return !isWrong(input) && numberOf(input) === Number(values[setting] ?? normal);
      });
    });
  }
}

const numberOf = (input) => Number(input.value === "" ? input.dataset.default : input.value);

function differs(input) {
  if (input.validity.badInput) return true;
  const { value, dataset } = input;
  return value !== "" && (dataset.default === "" || Number(value) !== Number(dataset.default));
}

// Text that is no number, or a number outside the limits; an empty field is the default.
function isWrong(input) {
  if (input.validity.badInput) return true;
  if (input.value === "") return false;
  const { whole, openLow, openHigh } = input.dataset;
  const [value, low, high] = [Number(input.value), Number(input.min), Number(input.max)];
  if (whole === "1" && !Number.isSafeInteger(value)) return true;
  return !(value >= low && value <= high) || (openLow === "1" && value === low) || (openHigh === "1" && value === high);
}
