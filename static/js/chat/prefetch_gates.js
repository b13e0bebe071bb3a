// Shortens the wait for a gate view: its first map is requested once the pointer or the focus rests
// on a link to it. The browser caches it; the server caches the replay.
const REST = 80; // ms: passing over it doesn't count
const KEPT = ".turn:not([data-long]):is([data-status=complete], [data-status=stopped], [data-status=length])";

// layer: the last, on which a gate view opens
export function lookAhead(list, layer) {
  const asked = new Set();
  let timer = null;
  const aim = ({ target }) => {
    clearTimeout(timer);
    const url = target.closest(`${KEPT} :is(a.gates, a.strip)`)?.href;
    if (!url || asked.has(url) || navigator.connection?.saveData) return;
    timer = setTimeout(() => {
      asked.add(url);
      fetch(`${url}map.safetensors?gate=f&layer=${layer}`, { priority: "low" }).catch(() => asked.delete(url));
    }, REST);
  };
  for (const kind of ["pointerover", "focusin"]) list.addEventListener(kind, aim);
}
