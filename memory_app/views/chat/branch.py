"""The branch of a chat: the turns from the root to the head."""

from uuid import UUID

from memory_app.models import Chat
from memory_app.services.chat.branch import way_to


def branch(chat: Chat, after: str = "") -> tuple[list[UUID], UUID | None]:
    """The turns to the head from the root, or from the named one, if that is on the way to it."""
    parents = dict(chat.turns.values_list("pk", "parent_id"))
    named = next((turn for turn in parents if str(turn) == after), None)
    turns, begun = way_to(chat.head_id, parents, after=named)
    return turns, begun if begun in parents else None
