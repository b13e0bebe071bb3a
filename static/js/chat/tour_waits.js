// What the tour waits for: that the head has moved and nothing runs, and that the panel has asked it.
const LATE = 20000; // ms after which the tour goes on without the panel

// {moved, abandon()}: moved resolves with true once the chat's head isn't `from` any more and nothing
// runs, with false where the step was refused or its reply failed.
export function settled(chat, from) {
  let end;
  const over = new AbortController();
  const moved = new Promise((resolve) => (end = resolve)).finally(() => over.abort());
  const look = () => queueMicrotask(() => !chat.busy && (chat.tree.head ?? null) !== from && end(true));
  const options = { signal: over.signal };
  document.addEventListener("chat:head", look, options);
  document.addEventListener("chat:turn-finished", ({ detail: { status } }) => {
    if (status === "failed" || status === "interrupted") end(false);
  }, options);
  chat.socket.addEventListener("frame", ({ detail: { type } }) => type === "error" && end(false), options);
  look();
  return { moved, abandon: () => end(false) };
}

// Resolves once the panel shows the answers of this head, or is late.
export function whenPanelKnows(gauge, head) {
  const over = new AbortController();
  return new Promise((resolve) => {
    const known = () => gauge.settled && gauge.head === head && resolve();
    document.addEventListener("chat:gauge", known, { signal: over.signal });
    setTimeout(resolve, LATE);
    known();
  }).finally(() => over.abort());
}
