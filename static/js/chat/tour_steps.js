// The steps of the tour, in order. Each has a name, under which its texts are in tour.html;
//   act(tour): takes it, and returns whether it began (a promise of it where that takes a while);
//   where: "chat", "memory" or "trace", the place to look at; marks(tour): the elements there;
//   wait: the text while it is taken ("waiting" where there is none);
//   holds(tour): whether what the text says has come true.
const row = (question) => document.querySelector(`.gauge-row[data-question="${CSS.escape(question)}"]`);
const answer = (question) => row(question)?.querySelector(".gauge-value:not(.quiet)")?.textContent ?? "";
const rows = ({ questions }) => [row(questions.name), row(questions.home)];
const words = (view) => (view ? [view.markdown.hidden ? view.reply : view.markdown] : []);
const both = (name, home) => ({ questions, values }) =>
  answer(questions.name) === (values[name] ?? "") && answer(questions.home) === values[home];

export const STEPS = [
  { name: "told", where: "memory", act: (tour) => tour.send("told"), marks: rows, holds: both("name", "home") },
  { name: "talked", where: "memory", act: (tour) => tour.send("talked"), marks: rows, holds: both("name", "home") },
  {
    name: "asked", where: "chat",
    act: (tour) => tour.send("asked"),
    marks: (tour) => words(tour.view("asked")),
    holds: (tour) => tour.view("asked")?.reply.textContent.includes(tour.values.home),
  },
  {
    name: "traced", where: "trace", wait: "reading",
    act: (tour) => tour.trace("asked", tour.values.home),
    marks: (tour) => [tour.view("told")?.user, ...words(tour.view("asked")), document.querySelector("#trace-sources li")],
    holds: (tour) => tour.strongest === tour.turns.told,
  },
  {
    name: "corrected", where: "memory",
    act: (tour) => tour.send("corrected"),
    marks: ({ questions }) => [row(questions.home)],
    holds: both("name", "moved"),
  },
  {
    name: "forgotten", where: "memory", wait: "changing",
    act: (tour) => tour.forget("told"),
    marks: (tour) => [...rows(tour), ...words(tour.written("asked")), tour.view("told")?.user],
    holds: both("", "moved"),
  },
  {
    name: "unknown", where: "chat",
    act: (tour) => tour.send("unknown"),
    marks: (tour) => words(tour.view("unknown")),
    holds: (tour) => both("", "moved")(tour) && !tour.view("unknown")?.reply.textContent.includes(tour.values.name),
  },
  {
    name: "blended", where: "memory", wait: "changing",
    act: (tour) => tour.blend("told"),
    marks: rows,
    holds: both("name", "home"),
  },
  {
    name: "forked", where: "memory", wait: "copying",
    act: (tour) => tour.fork("corrected"),
    marks: rows,
    holds: both("name", "moved"),
  },
];
