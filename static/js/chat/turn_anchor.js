// A link to one turn (#turn-<id>), from a search or from its gate view: the reader is brought there.
// The browser scrolls by itself; here the view stops following the end, and the focus moves too. A
// turn that isn't on the page is on another branch, or was added meanwhile (then `elsewhere` answers
// true). Only a search's link (?found), or one followed within the page, shows the other branch; the
// mark is removed from the address, so that a reload doesn't repeat it.
export function bringTo({ viewOf, follow, elsewhere, stay }) {
  const look = async (searched) => {
    const id = /^#turn-([\da-f-]{36})$/.exec(location.hash)?.[1];
    if (!id || !(viewOf(id) || (await elsewhere(id, { searched })))) return;
    const { li } = viewOf(id);
    follow.leave();
    document.querySelector(".turn.found")?.classList.remove("found");
    li.offsetWidth; // so that a second link to the same turn marks it anew
    li.classList.add("found");
    li.tabIndex = -1;
    li.focus({ preventScroll: true });
    li.addEventListener("blur", () => li.removeAttribute("tabindex"), { once: true });
    li.scrollIntoView({ block: "start" });
  };
  addEventListener("hashchange", () => look(true).catch(() => {})); // the connection was lost: nothing moves
  const address = new URL(location.href);
  const searched = address.searchParams.has("found");
  if (searched) history.replaceState(history.state, "", address.pathname + address.hash);
  if (!stay) look(searched).catch(() => {}); // a return restores the earlier place
}
