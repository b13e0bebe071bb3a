// Events of the chat, dispatched on document for the page's other parts.
//   chat:turn-started   {turn, parent, sent}: performance.now() of its sending, null from elsewhere
//   chat:token          {turn, seq, wait}: wait = ms from sending to the first token, else null
//   chat:turn-finished  {turn, status, tokens, hash}: tokens = how many the reply has
//   chat:head           {head, path}: the turns from the root to the head, as turns.json has them
//                       (of those on the page at its load only id, parent, status and hash)
//   chat:gauge          {head}: the panel shows what this head would say
//   chat:sampling       the settings were changed, and none of them is wrong
//   chat:elsewhere      the chat was deleted elsewhere, or restored
// And an event for this page: chat:title {chat, title}, when the chat's title was changed here.
export function tell(name, detail) {
  document.dispatchEvent(new CustomEvent(`chat:${name}`, { detail }));
}
