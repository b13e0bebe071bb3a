// What the view begins with: the token of the text at which the memory moved farthest, in a sentence.
import { LAYERS } from "./cell.js";
import { number } from "./gate_map.js";
import { say } from "../shared/strings.js";

const element = (id) => document.getElementById(id);
const inWord = /^[\p{L}\p{M}\p{N}'’]/u;

// The token at which the units that keep long moved farthest; special: which tokens are no text.
// null where there is none.
export function mostMoved(map, special) {
  let most = null;
  map.figures.moves_slow.forEach((value, token) => {
    if (!special[token] && (most === null || value > map.figures.moves_slow[most])) most = token;
  });
  return most;
}

// The word that a token is in: the pieces before and after it without a space between.
export function wordAt(texts, special, token) {
  const joined = (at) => at > 0 && at < texts.length && !special[at] && !special[at - 1] && inWord.test(texts[at]) && /[\p{L}\p{M}\p{N}'’]$/u.test(texts[at - 1]);
  let [from, to] = [token, token + 1];
  while (joined(from)) from -= 1;
  while (joined(to)) to += 1;
  return texts.slice(from, to).join("").trim();
}

export function tell(map, texts, special) {
  const most = mostMoved(map, special);
  const story = element("story");
  if (most === null) {
    story.textContent = "";
    return most;
  }
  const { moves, moves_slow: slow, slow: part } = map.figures;
  const { units, memory, matrix } = LAYERS[map.layer];
  const word = wordAt(texts, special, most);
  const all = part.units === units;
  const size = (value) => number(value, value < 0.995 ? 2 : 1);
  const lead = document.createElement("strong");
  lead.textContent = say("story", { word, by: size(slow[most]) });
  const note = document.createElement("span");
  note.className = "quiet";
  note.textContent = all
    ? say(matrix ? "storyHeads" : "storyAll", { n: units, layer: map.layer + 1, name: memory })
    : say("storySlow", { slow: part.units, units, span: part.from, layer: map.layer + 1, by: size(moves[most]) });
  story.replaceChildren(lead, " ", note);
  return most;
}
