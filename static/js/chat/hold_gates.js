// Gates held while a message is read and its reply written, chosen in the sampling drawer. A chip beside
// it says what is held, and lets it go.
import { Kept } from "../shared/browser_storage.js";
import { say } from "../shared/strings.js";

const element = (id) => document.getElementById(id);

export class Hold {
  // holds: {keep, write}: entries [gate, layer, null, value] of all layers; null where none can be held.
  constructor(chat, holds) {
    this.holds = holds;
    this.kept = new Kept("sessionStorage", "hold", chat); // {keep, write, bias}
    if (!holds || !element("holds")) return;
    for (const name of ["keep", "write", "bias"]) element(`hold-${name}`)?.addEventListener("input", () => this.#changed());
    element("hold-chip").addEventListener("click", () => {
      this.#fill({});
      element("text").focus();
    });
    this.#fill(this.kept.value ?? {});
  }

  // As `turn.send` has it; undefined for nothing held.
  get value() {
    const { keep, write, bias = 0 } = this.kept.value ?? {};
    if (!this.holds || !(keep || write || bias)) return undefined;
    return { freeze: [...(keep ? this.holds.keep : []), ...(write ? this.holds.write : [])], forget_bias: bias };
  }

  #fill({ keep = false, write = false, bias = 0 }) {
    if (element("hold-keep")) element("hold-keep").checked = keep;
    if (element("hold-write")) element("hold-write").checked = write;
    element("hold-bias").value = bias;
    this.#changed();
  }

  #changed() {
    const keep = element("hold-keep")?.checked ?? false;
    const write = element("hold-write")?.checked ?? false;
    const bias = Number(element("hold-bias").value);
    const signed = `${bias > 0 ? "+" : ""}${bias}`.replace("-", "−");
    element("hold-bias-value").textContent = signed;
    // A gate that is held has no pre-activation to shift.
    element("hold-bias").disabled = keep;
    const shift = keep ? 0 : bias;
    this.kept.value = keep || write || shift ? { keep, write, bias: shift } : null;
    const what = [keep && say("heldKeep"), write && say("heldWrite"), shift && say("heldBias", { value: signed })].filter(Boolean);
    const chip = element("hold-chip");
    chip.hidden = !what.length;
    chip.firstElementChild.textContent = say("held", { what: what.join(say("comma")) });
  }
}
