// The tree of turns as in turns.json, and which of them the page shows.
const NOT_KEPT = new Set(["interrupted", "failed"]);

// The turns from the root to one of them; none for null.
export function pathTo(tree, id) {
  const byId = new Map(tree.turns.map((turn) => [turn.id, turn]));
  const path = [];
  // Each once: a damaged tree may have a cycle.
  for (let turn = byId.get(id); turn; turn = byId.get(turn.parent)) {
    byId.delete(turn.id);
    path.unshift(turn);
  }
  return path;
}

// The turns from the root to the head, then the head's child without a state of its own: the turn
// that runs, or the newest one if it failed.
export function shownPath(tree) {
  const byId = new Map(tree.turns.map((turn) => [turn.id, turn]));
  const path = pathTo(tree, tree.head);
  const running = byId.get(tree.running);
  if (running) {
    const upTo = path.findIndex((turn) => turn.id === running.parent);
    return [...path.slice(0, upTo + 1), running];
  }
  const newest = tree.turns.filter((turn) => (turn.parent ?? null) === (tree.head ?? null)).at(-1);
  if (newest && NOT_KEPT.has(newest.status)) path.push(newest);
  return path;
}

// Of the first turn after a blank: the head before that.
export function blankedBefore(turn) {
  return turn?.parameters?.blanked ?? null;
}

// The branches before each blank of the memory that `path` goes on from, oldest first.
export function fadedPaths(tree, path) {
  const paths = [];
  const seen = new Set();
  let at = path.length ? blankedBefore(path[0]) : tree.blanked;
  while (at && !seen.has(at)) {
    seen.add(at);
    const before = pathTo(tree, at);
    if (!before.length) break;
    paths.unshift(before);
    at = blankedBefore(before[0]);
  }
  return paths;
}

// The turns that were left out of a branch by forgetting: [{id, at}], each before the index `at`.
export function forgottenIn(tree, path) {
  const byId = new Map(tree.turns.map((turn) => [turn.id, turn]));
  const found = new Map();
  path.forEach((turn, at) => {
    const seen = new Set();
    for (let one = turn; one?.parameters?.forgotten && !seen.has(one.id); one = byId.get(one.parameters.of)) {
      seen.add(one.id);
      if (!found.has(one.parameters.forgotten)) found.set(one.parameters.forgotten, at);
    }
  });
  return [...found].filter(([id]) => byId.has(id)).map(([id, at]) => ({ id, at }));
}

// Every other version of a turn: same parent, with a state, in order of creation. The first turn after
// a blank is no version of the first turn before it.
export function siblings(tree, turn) {
  return tree.turns.filter(
    (other) => (other.parent ?? null) === (turn.parent ?? null)
      && (turn.parent || blankedBefore(other) === blankedBefore(turn))
      && (other.id === turn.id || !NOT_KEPT.has(other.status)),
  );
}

// Whether a turn is a message with its reply, and not a change of the memory.
export const isTalk = (turn) => (turn.kind ?? "talk") === "talk";

// Those that the arrows beside a turn step through: the messages among its siblings.
export function versions(tree, turn) {
  return siblings(tree, turn).filter(isTalk);
}

// The newest leaf below a turn: the new head when its branch is chosen.
export function newestLeaf(tree, turn) {
  let leaf = turn;
  for (let step = 0; step <= tree.turns.length; step += 1) {
    const child = tree.turns.filter((other) => (other.parent ?? null) === leaf.id && !NOT_KEPT.has(other.status) && other.status !== "running").at(-1);
    if (!child) return leaf;
    leaf = child;
  }
  return leaf;
}

// The longest continuation of another version of a turn on the page, where this one has none: turns
// set aside by another reply, or an edit, in mid-chat. {leaf, n: its turns after that version}, or
// null. `start`: both begin at the blank memory, with other messages (edited, or after a blank memory).
export function elsewhere(tree, id) {
  const byId = new Map(tree.turns.map((turn) => [turn.id, turn]));
  const turn = byId.get(id);
  if (!turn || newestLeaf(tree, turn).id !== turn.id) return null;
  const depth = pathTo(tree, id).length;
  const ways = siblings(tree, turn).filter((other) => other.id !== id).map((other) => {
    const leaf = newestLeaf(tree, other).id;
    const start = !turn.parent && other.user_text !== turn.user_text;
    return { leaf, start, n: pathTo(tree, leaf).length - depth };
  });
  const longest = ways.reduce((best, way) => (way.n >= (best?.n ?? 1) ? way : best), null);
  return longest;
}

// The target of redo from the head: along the way to `furthest` while the head lies on it, else to the
// newest. The turns that would come back, nearest first.
export function undone(tree, head, furthest) {
  const depth = pathTo(tree, head).length;
  const way = pathTo(tree, furthest);
  const onWay = way.length > depth && (depth === 0 || way[depth - 1].id === head);
  return (onWay ? way : pathTo(tree, newestLeaf(tree, { id: head ?? null }).id)).slice(depth);
}

export function tokensOf(turn) {
  if (!isTalk(turn)) return 0;
  const ids = (list) => list?.length ?? 0;
  return ids(turn.user_token_ids) + ids(turn.reply_token_ids) + 4; // user, end, bot, end
}
