// Plays the recorded chat of the front page: one turn after another, once, with a pause and steps.
// Without motion it stands at its end.
const EVERY = 2600; // ms a turn
const figure = document.getElementById("live");
const element = (name) => document.getElementById(`live-${name}`);
const turns = [...figure.querySelectorAll("li[data-turn]")];
const panels = [...figure.querySelectorAll("dl[data-turn]")];
let at = turns.length;
let timer = 0;

function show(turn) {
  at = turn;
  turns.forEach((li, k) => {
    li.classList.toggle("later", k >= at);
    li.ariaHidden = String(k >= at);
  });
  panels.forEach((panel, k) => {
    panel.hidden = k !== at - 1;
  });
  element("at").textContent = `${at} / ${turns.length}`;
  // Not `disabled`: a button that the keyboard is on must not go while the chat plays.
  element("back").ariaDisabled = String(at === 1);
  element("on").ariaDisabled = String(at === turns.length);
}

function stop() {
  clearInterval(timer);
  timer = 0;
  element("play").textContent = element("play").dataset.play;
}

function play() {
  show(at === turns.length ? 1 : at);
  element("play").textContent = element("play").dataset.pause;
  timer = setInterval(() => {
    show(at + 1);
    if (at === turns.length) stop();
  }, EVERY);
}

element("play").addEventListener("click", () => (timer ? stop() : play()));
for (const [name, step] of [["back", -1], ["on", 1]]) {
  element(name).addEventListener("click", () => {
    stop();
    show(Math.min(turns.length, Math.max(1, at + step)));
  });
}

show(turns.length);
if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
  stop();
} else {
  // From when it is first seen.
  new IntersectionObserver((entries, observer) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    observer.disconnect();
    play();
  }, { threshold: 0.4 }).observe(figure);
}
