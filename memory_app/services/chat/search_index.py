"""The index of searches, rebuilt from the turns."""

from collections.abc import Iterator
from uuid import UUID

from django.db import transaction

from memory_app.models import Chat, SearchChunk, chunks_of


def chats_to_index() -> int:
    """The number of chats, including deleted ones that can be restored."""
    return Chat.objects.count()


def search_rebuild() -> Iterator[int]:
    """Rebuild the folded title, chunks and signatures of every chat; yields the chunks of each.

    One transaction a chat, so that turns are stored meanwhile and a killed rebuild leaves each chat
    with its old index or its new one.
    """
    for chat in list(Chat.objects.values_list("pk", flat=True)):
        yield _rebuild(chat)


@transaction.atomic
def _rebuild(chat: UUID) -> int:
    # A turn that begins or commits now waits for the row, and adds its texts to the new chunks.
    row = Chat.objects.select_for_update().filter(pk=chat).first()
    if row is None:  # purged since
        return 0
    Chat.objects.filter(pk=chat).update(title=row.title)
    SearchChunk.objects.filter(chat=chat).delete()
    turns = row.turns.order_by("position").values_list("position", "user_text", "reply_text")
    chunks = chunks_of(chat, ((position, text) for position, *texts in turns for text in texts))
    SearchChunk.objects.store(chunks)
    return len(chunks)
