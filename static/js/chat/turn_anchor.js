// A link to one turn (#turn-<id>), from a search or from its gate view: the reader is brought there.
// The browser knows the place by itself; here the view stops following the end, and the focus goes
// along. A turn that isn't on the page is on another branch, which `elsewhere` shows, or has
// come to the page meanwhile (then it answers true).
export function bringTo({ viewOf, follow, elsewhere, stay }) {
  const look = async () => {
    const id = /^#turn-([\da-f-]{36})$/.exec(location.hash)?.[1];
    if (!id || !(viewOf(id) || (await elsewhere(id)))) return;
    const { li } = viewOf(id);
    follow.leave();
    document.querySelector(".turn.found")?.classList.remove("found");
    li.offsetWidth; // so that a second look at the same turn marks it anew
    li.classList.add("found");
    li.tabIndex = -1;
    li.focus({ preventScroll: true });
    li.addEventListener("blur", () => li.removeAttribute("tabindex"), { once: true });
    li.scrollIntoView({ block: "start" });
  };
  addEventListener("hashchange", () => look().catch(() => {})); // the line was cut: nothing moves
  if (!stay) look().catch(() => {}); // who came back finds the place that was left
}
