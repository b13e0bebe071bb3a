// After a reload the strips are drawn from gates.json: one at a time, and only what is in view,
// because the server replays the turn for each. That of a very long turn would take many seconds: its
// gates are shown where somebody asks for them, in the gate view.
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

  // What came to nothing has no gates to ask for.
  const lacks = (view) => view.id && view.kept && !("long" in view.li.dataset) && !view.asked && view.strip.tokens.length === 0;

  async function work() {
    if (busy) return;
    busy = true;
    for (;;) {
      const view = views().findLast((one) => wanted.has(one.li) && lacks(one));
      if (!view) break;
      view.asked = true;
      watcher.unobserve(view.li);
      try {
        const response = await fetch(`/turn/${view.id}/gates.json`);
        if (!response.ok) continue;
        const { tokens } = await response.json();
        // Live, the strip ends with the last word: so the closing <|end|> is left out here too.
        view.strip.set(tokens.filter((token) => token.part === "reply").slice(0, -1));
      } catch {
        view.asked = false; // the line was cut: the next look tries again
        break;
      }
    }
    busy = false;
  }

  return {
    look() {
      for (const view of views()) if (lacks(view)) watcher.observe(view.li);
    },
  };
}
