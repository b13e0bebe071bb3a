"""Chats that were opened and in which nothing was said yet: no rows, but a few words on a person.

They lie on the person's own row and neither in the session nor in a signed id. A session is
written whole by whichever request ends last, so two tabs that open a chat at once would lose one
of them; an id that proves itself would come to life again after its chat was purged. On the
person's row they cost no query, are changed under its lock, are there on each device of a member,
come along when a guest logs in, and go when the person goes. The row of a chat comes with its first
message.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from memory_app.models import Chat, Checkpoint, Person

#: What an owner may settle before the first message.
_KEPT = ("title", "shared", "pinned", "archived")


def is_pending(chat: Chat) -> bool:
    """Whether the chat has no row yet."""
    return chat._state.adding


def pending_chat(
    person: Person | None, key: UUID | str, *, deleted_too: bool = False
) -> Chat | None:
    """The chat of this id that this person has opened, or None."""
    for entry in person.pending if person else ():
        if entry["id"] == str(key) and (deleted_too or not entry["deleted"]):
            # None where it was deleted meanwhile: nothing was said to it, so nothing is lost.
            checkpoint = Checkpoint.objects.filter(pk=entry["checkpoint"]).first()
            return chat_of(person, checkpoint, entry) if checkpoint else None
    return None


def chat_of(person: Person | None, checkpoint: Checkpoint, entry: dict[str, Any]) -> Chat:
    """The chat that an entry of `Person.pending` stands for."""
    deleted = entry["deleted"]
    return Chat(
        pk=UUID(entry["id"]),
        owner=person,
        checkpoint=checkpoint,
        **{name: entry[name] for name in _KEPT},
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
