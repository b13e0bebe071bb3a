"""Chats that were opened and have no message yet: no rows, but an entry on their person's row.

They are neither in the session nor in a signed id. A session is written whole by the request that
ends last, so two tabs that open a chat at once would lose one of them; a signed id would be valid
again after its chat was purged. On the person's row they cost no query, are changed under its lock,
are the same on each device of a member, are merged when a guest logs in, and are deleted with the
person. A chat's row is created with its first message.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from memory_app.models import Chat, Checkpoint, Person

#: What an owner may set before the first message.
_KEPT = ("title", "shared", "pinned", "archived", "long_term")


def is_pending(chat: Chat) -> bool:
    """Whether the chat has no row yet."""
    return chat._state.adding


def pending_chat(
    person: Person | None, key: UUID | str, *, deleted_too: bool = False
) -> Chat | None:
    """The chat of this id that this person has opened, or None."""
    for entry in person.pending if person else ():
        if entry["id"] == str(key) and (deleted_too or not entry["deleted"]):
            # None if it was deleted meanwhile: it had no message, so nothing is lost.
            checkpoint = Checkpoint.objects.filter(pk=entry["checkpoint"]).first()
            return chat_of(person, checkpoint, entry) if checkpoint else None
    return None


def chat_of(person: Person | None, checkpoint: Checkpoint, entry: dict[str, Any]) -> Chat:
    """The chat that an entry of `Person.pending` describes."""
    deleted = entry["deleted"]
    return Chat(
        pk=UUID(entry["id"]),
        owner=person,
        checkpoint=checkpoint,
        # An entry that an earlier version wrote has no long_term.
        **{name: entry[name] for name in _KEPT if name in entry},
        deleted=datetime.fromisoformat(deleted) if deleted else None,
    )


def entry_of(chat: Chat) -> dict[str, Any]:
    """The inverse of `chat_of`."""
    return {
        "id": str(chat.pk),
        "checkpoint": str(chat.checkpoint_id),
        **{name: getattr(chat, name) for name in _KEPT},
        "deleted": chat.deleted.isoformat() if chat.deleted else None,
    }
