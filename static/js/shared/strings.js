import { grouped } from "./numbers.js";

// The page's texts, translated by the server and passed as a JSON data block.
const words = JSON.parse(document.getElementById("strings").textContent);
const plural = new Intl.PluralRules(document.documentElement.lang);

// say("left", {n: 3}) -> "3 characters left"; with n: 1 -> "1 character left", n: 1200 -> "1,200 …".
// A name and no count (a unit, a seed) is passed as a string.
export function say(key, values = {}) {
  const forms = words[key] ?? key;
  const text = forms.other === undefined ? forms : (forms[plural.select(values.n)] ?? forms.other);
  return String(text).replace(/\{(\w+)\}/g, (whole, name) => written(values[name]) ?? whole);
}

export function wordsOf(key) {
  return words[key] ?? {};
}

function written(value) {
  return typeof value === "number" ? grouped(value) : value;
}
