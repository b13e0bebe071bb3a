"""The branch of a chat: the turns from the root to one of them."""

from collections.abc import Mapping
from uuid import UUID

from memory_app.models import Chat, Turn


def way_to(
    last: UUID | None, parents: Mapping[UUID, UUID | None], *, after: UUID | None = None
) -> tuple[list[UUID], UUID | None]:
    """The turns from the root to `last`, or only those after `after` if that is on the way.

    Returns them in order, and the turn that the first of them follows; None at the root.
    """
    left = dict(parents)
    keys: list[UUID] = []
    step = last
    while step is not None and step in left and step != after:
        keys.append(step)
        step = left.pop(step)  # each once: a damaged tree may have a cycle
    return keys[::-1], step


def branch_of(*, chat: Chat, last: Turn | None) -> list[Turn]:
    """The turns from the root to `last`, itself included, in order; states are not loaded."""
    parents = dict(chat.turns.values_list("pk", "parent_id"))
    keys, _ = way_to(last.pk if last is not None else None, parents)
    rows = chat.turns.defer("state", "given").in_bulk(keys)
    turns = [rows[key] for key in keys]
    for before, turn in zip([None, *turns], turns, strict=False):
        turn.chat, turn.parent = chat, before
    return turns
