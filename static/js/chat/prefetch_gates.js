// Whoever is about to open a gate view waits less for it: its first map is asked for once the pointer
// rests on the way there, or the focus does. The browser keeps it; the server keeps what it replayed.
const REST = 80; // ms: passing over it is not going there
const KEPT = ".turn:not([data-long]):is([data-status=complete], [data-status=stopped], [data-status=length])";

export function lookAhead(list) {
  const asked = new Set();
  let timer = null;
  const aim = ({ target }) => {
    clearTimeout(timer);
    const url = target.closest(`${KEPT} :is(a.gates, a.strip)`)?.href;
    if (!url || asked.has(url) || navigator.connection?.saveData) return;
    timer = setTimeout(() => {
      asked.add(url);
      fetch(`${url}map.safetensors?gate=f&layer=0`, { priority: "low" }).catch(() => asked.delete(url));
    }, REST);
  };
  for (const kind of ["pointerover", "focusin"]) list.addEventListener(kind, aim);
}
