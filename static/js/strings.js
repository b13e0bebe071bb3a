// The page's words, translated by the server and handed over as a JSON data block.
const words = JSON.parse(document.getElementById("strings").textContent);
const plural = new Intl.PluralRules(document.documentElement.lang);

// say("left", {n: 3}) -> "3 characters left"; with n: 1 -> "1 character left"
export function say(key, values = {}) {
  const forms = words[key] ?? key;
  const text = forms.other === undefined ? forms : (forms[plural.select(values.n)] ?? forms.other);
  return String(text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function wordsOf(key) {
  return words[key] ?? {};
}
