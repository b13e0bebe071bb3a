// After a reload the strips are drawn from gates.json: one at a time, and only those in view, because
// the server replays the turn for each. Of a very long turn that would take many seconds: its gates
// are shown on request, in the gate view.
const PRINT_WAIT = 4000; // ms

// Live, the strip ends with the last word: so the closing <|end|> is left out here too.
function show(view, { tokens }) {
  view.strip.set(tokens.filter((token) => token.part === "reply").slice(0, -1));
}

export function lazyStrips(views, scroller) {
  const wanted = new Set();
  let busy = false;

  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) wanted.add(target);
      else wanted.delete(target);
    }
    work();
  }, { root: scroller, rootMargin: "200px" });

  // A turn without a state has no gates.
  const lacks = (view) => view.id && view.kept && !("long" in view.li.dataset) && !view.asked && view.strip.tokens.length === 0;

  async function work() {
    if (busy) return;
    busy = true;
    for (;;) {
      const view = views().findLast((candidate) => wanted.has(candidate.li) && lacks(candidate));
      if (!view) break;
      view.asked = true;
      watcher.unobserve(view.li);
      try {
        const response = await fetch(`/turn/${view.id}/gates.json`);
        if (!response.ok) continue;
        show(view, await response.json());
      } catch {
        view.asked = false; // the connection was lost: the next look retries
        break;
      }
    }
    busy = false;
  }

  // Paper has no view to scroll: missing strips are fetched while the print waits. Those that take
  // too long are left out, letters and all (print.css).
  addEventListener("beforeprint", () => {
    const end = performance.now() + PRINT_WAIT;
    for (const view of views()) {
      if (performance.now() > end) break;
      if (view.strip.tokens.length || !view.id || !view.kept || "long" in view.li.dataset) continue;
      const request = new XMLHttpRequest();
      request.open("GET", `/turn/${view.id}/gates.json`, false);
      try {
        request.send();
      } catch {
        break; // no connection
      }
      if (request.status === 200) show(view, JSON.parse(request.responseText));
    }
  });

  return {
    look() {
      for (const view of views()) if (lacks(view)) watcher.observe(view.li);
    },
  };
}
