// Choosing a phrase by its tokens: the first click begins it, the next one ends it.
const tokens = [...document.querySelectorAll("#phrase-tokens .token")];
const first = document.getElementById("first");
const last = document.getElementById("last");
let begun = null;

function show() {
  const [from, to] = [Number(first.value), Number(last.value)].sort((a, b) => a - b);
  for (const [number, token] of tokens.entries()) {
    token.setAttribute("aria-pressed", String(number >= from && number <= to));
  }
}

for (const [number, token] of tokens.entries()) {
  token.addEventListener("click", () => {
    const from = begun ?? number;
    first.value = Math.min(from, number);
    last.value = Math.max(from, number);
    begun = begun === null ? number : null;
    show();
  });
}
for (const select of [first, last]) {
  select.addEventListener("change", () => {
    begun = null;
    show();
  });
}
