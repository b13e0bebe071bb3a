// The length of a message, as the server counts it.
export const LIMIT = 4000; // code points

// Code points: of a long text too, without an array of them.
export function characters(text) {
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
}
