// The page's words, translated by the server and handed over as a JSON data block.
const words = JSON.parse(document.getElementById("strings").textContent);

// say("left", {n: 3}) -> "3 characters left"
export function say(key, values = {}) {
  return String(words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function wordsOf(key) {
  return words[key] ?? {};
}
