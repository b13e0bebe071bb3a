// A link to one turn (#turn-<id>), from a search or from its gate view: the reader is brought there.
// The browser knows the place by itself; here the view stops following the end, and the focus goes
// along. A turn that isn't on the page is on another branch, or has come to the page meanwhile
// (then `elsewhere` answers true). Only a search's link (?found), or one followed within the page,
// has the other branch shown; the mark is taken off the address, so that a reload doesn't look again.
export function bringTo({ viewOf, follow, elsewhere, stay }) {
  const look = async (searched) => {
    const id = /^#turn-([\da-f-]{36})$/.exec(location.hash)?.[1];
    if (!id || !(viewOf(id) || (await elsewhere(id, { searched })))) return;
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
  addEventListener("hashchange", () => look(true).catch(() => {})); // the line was cut: nothing moves
  const address = new URL(location.href);
  const searched = address.searchParams.has("found");
  if (searched) history.replaceState(history.state, "", address.pathname + address.hash);
  if (!stay) look(searched).catch(() => {}); // who came back finds the place that was left
}
