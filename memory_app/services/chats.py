"""Chats: made, renamed, deleted."""

from django.db import transaction

from memory_app import registry
from memory_app.models import Chat, Checkpoint, Person

TITLE_MAX = 200


class NotForChat(ValueError):
    """This checkpoint is for study: only the cell lstm can be chatted with."""


class NoCheckpoint(LookupError):
    """There is no such checkpoint to chat with, or none is live."""


@transaction.atomic
def chat_create(
    *, person: Person, checkpoint: Checkpoint | None = None, language: str = "en"
) -> Chat:
    """A new chat with a blank memory, on `checkpoint` or on the live one of the language.

    Raises:
        NoCheckpoint: none is live.
        NotForChat: this one's cell is not lstm.
    """
    checkpoint = checkpoint or registry.live(language)
    if checkpoint is None:
        raise NoCheckpoint("No checkpoint is live: import one and promote it.")
    if checkpoint.cell != "lstm":
        raise NotForChat(f"{checkpoint.name} is for study: only an lstm can be chatted with.")
    return Chat.objects.create(owner=person, checkpoint=checkpoint)


def chat_rename(*, chat: Chat, title: str) -> None:
    """Name a chat; control characters go, white space is made one space, 200 characters stay."""
    kept = "".join(char if char.isprintable() else " " for char in title)
    chat.title = " ".join(kept.split())[:TITLE_MAX]
    Chat.objects.filter(pk=chat.pk).update(title=chat.title)


@transaction.atomic
def chat_delete(*, chat: Chat) -> None:
    """The chat with all its turns and states; a reply that still runs will find nothing to join."""
    Chat.objects.filter(pk=chat.pk).delete()
