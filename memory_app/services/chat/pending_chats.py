"""Open, change and store chats that have no turn yet (memory_app/pending_chats.py)."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from memory_app.models import Chat, Checkpoint, Person
from memory_app.pending_chats import chat_of, entry_of
from memory_app.refusal import Refused
from memory_app.services.chat.memory import GONE

#: Pending chats of one person; a further one replaces the oldest.
MOST = 32


@transaction.atomic
def pending_open(
    *, person: Person, checkpoint: Checkpoint, title: str = "", long_term: bool = False
) -> Chat:
    """A chat of this person that has no row yet."""
    chat = Chat(owner=person, checkpoint=checkpoint, title=title, long_term=long_term)
    _write(person, [*_locked(person), entry_of(chat)][-MOST:])
    return chat


def _locked(person: Person) -> list[dict[str, Any]]:
    """The pending chats; the person's row is held until the transaction ends."""
    row = Person.objects.select_for_update().filter(pk=person.pk).first()
    if row is None:
        raise Refused("not_found", GONE)
    return list(row.pending)


def _write(person: Person, pending: list[dict[str, Any]]) -> None:
    person.pending = pending
    Person.objects.filter(pk=person.pk).update(pending=pending)


@transaction.atomic
def pending_change(*, chat: Chat, **fields: Any) -> bool:
    """Change a chat that has no row yet; False where it has one by now, which is to be changed."""
    pending = _locked(chat.owner)
    if not any(entry["id"] == str(chat.pk) for entry in pending):
        return False
    for name, value in fields.items():
        setattr(chat, name, value)
    changed = [entry_of(chat) if entry["id"] == str(chat.pk) else entry for entry in pending]
    _write(chat.owner, changed)
    return True


def chat_store(*, chat: Chat) -> None:
    """Give the chat its row, in the transaction of its first message; idempotent.

    Raises:
        Refused: `not_found`: it was deleted, or its owner is another by now.
    """
    assert transaction.get_connection().in_atomic_block
    pending = _locked(chat.owner)
    entry = next((entry for entry in pending if entry["id"] == str(chat.pk)), None)
    if entry is None:
        # Sent twice at once: the other transaction stored it. Or it was deleted.
        if Chat.objects.filter(pk=chat.pk, owner=chat.owner, deleted=None).exists():
            return
        raise Refused("not_found", GONE)
    if entry["deleted"]:
        raise Refused("not_found", GONE)
    # Created now: a chat begins with its first message.
    row = chat_of(chat.owner, chat.checkpoint, entry)
    row.created = row.updated = timezone.now()
    row.save(force_insert=True)
    _write(chat.owner, [other for other in pending if other is not entry])
