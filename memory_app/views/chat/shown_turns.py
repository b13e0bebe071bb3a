"""Which turns of the tree a page shows: the branch of the head, and what a blank left behind.

The same rules as static/js/chat/tree.js, which takes over from here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from memory_app.models import COMMITTED, Turn
from memory_app.services.chat.branch import way_to


@dataclass(frozen=True, slots=True)
class Item:
    """A turn on the page, or a rule across it (`blanked`, `forked`) without one.

    `is_faded`: the memory no longer holds the turn; `is_forgotten`: it was forgotten by itself.
    """

    turn: Turn | None = None
    rule: str = ""
    is_faded: bool = False
    is_forgotten: bool = False


def items_of(turns: Sequence[Turn], path: Sequence[Turn], blanked: UUID | None) -> list[Item]:
    """All that stands on the page, in its order."""
    items: list[Item] = []
    for before in faded_paths(turns, path, blanked):
        items += [Item(turn, is_faded=True) for turn in before]
        items.append(Item(rule="blanked"))
    forgotten = forgotten_in(turns, path)
    last_inherited = max((at for at, turn in enumerate(path) if turn.inherited), default=-1)
    for at, turn in enumerate(path):
        gone = (row for row, place in forgotten if place == at)
        items += [Item(row, is_faded=True, is_forgotten=True) for row in gone]
        items.append(Item(turn))
        if at == last_inherited:
            items.append(Item(rule="forked"))
    return items


def forgotten_in(turns: Sequence[Turn], path: Sequence[Turn]) -> list[tuple[Turn, int]]:
    """The turns that were left out of this branch, each with the index that it stands before."""
    by_name = {str(turn.pk): turn for turn in turns}
    found: dict[str, int] = {}
    for at, turn in enumerate(path):
        for name in _left_out(turn, by_name):
            found.setdefault(name, at)
    return [(by_name[name], at) for name, at in found.items() if name in by_name]


def _left_out(turn: Turn, by_name: dict[str, Turn]) -> Iterator[str]:
    """The turns that were forgotten before this one was replayed, the last one first."""
    seen: set[UUID] = set()
    at: Turn | None = turn
    while at is not None and at.pk not in seen:
        seen.add(at.pk)
        why = at.parameters if isinstance(at.parameters, dict) else {}
        if "forgotten" not in why:
            return
        yield str(why["forgotten"])
        at = by_name.get(str(why.get("of")))


def branch(turns: Sequence[Turn], turn: UUID | None) -> list[Turn]:
    """The turns from the root to this one; none for None."""
    rows = {row.pk: row for row in turns}
    keys, _ = way_to(turn, {key: row.parent_id for key, row in rows.items()})
    return [rows[key] for key in keys]


def shown_path(turns: list[Turn], head: UUID | None, running: UUID | None) -> list[Turn]:
    """From the root to the head, then the turn that runs, or the newest if it has no state."""
    path = branch(turns, head)
    speaking = next((turn for turn in turns if running and turn.pk == running), None)
    if speaking:
        kept = [turn.pk for turn in path]
        upto = kept.index(speaking.parent_id) + 1 if speaking.parent_id in kept else 0
        return [*path[:upto], speaking]
    below = [turn for turn in turns if turn.parent_id == head]
    if below and below[-1].status not in (*COMMITTED, "running"):
        path.append(below[-1])
    return path


def faded_paths(
    turns: Sequence[Turn], path: Sequence[Turn], blanked: UUID | None
) -> list[list[Turn]]:
    """The branches before each blank of the memory that `path` goes on from, oldest first.

    `blanked`: the head before the memory was blanked, where `path` is empty.
    """
    by_name = {str(turn.pk): turn.pk for turn in turns}
    seen: set[UUID] = set()
    paths: list[list[Turn]] = []
    at = _blanked(path[0], by_name) if path else blanked
    while at and at not in seen:
        seen.add(at)
        before = branch(turns, at)
        if not before:
            break
        paths.insert(0, before)
        at = _blanked(before[0], by_name)
    return paths


def _blanked(root: Turn, by_name: dict[str, UUID]) -> UUID | None:
    """The head before the blank that this first turn followed."""
    parameters = root.parameters if isinstance(root.parameters, dict) else {}
    return by_name.get(str(parameters.get("blanked")))
