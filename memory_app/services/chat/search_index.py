"""What searches look through, made anew from what was said."""

from collections.abc import Iterator
from uuid import UUID

from django.db import transaction

from memory_app.models import Chat, SearchChunk, chunks_of


def chats_to_index() -> int:
    """How many chats there are, deleted ones that can still be taken back among them."""
    return Chat.objects.count()


def search_rebuild() -> Iterator[int]:
    """Rebuild the folded title, chunks and signatures of every chat; yields the chunks of each.

    A chat a transaction, so that turns are stored meanwhile and a killed rebuild leaves each chat
    with its old index or its new one.
    """
    for chat in list(Chat.objects.values_list("pk", flat=True)):
        yield _rebuild(chat)


@transaction.atomic
def _rebuild(chat: UUID) -> int:
    # A turn that is begun or committed now waits for the row, and adds its texts to the new chunks.
    row = Chat.objects.select_for_update().filter(pk=chat).first()
    if row is None:  # purged since
        return 0
    Chat.objects.filter(pk=chat).update(title=row.title)
    SearchChunk.objects.filter(chat=chat).delete()
    turns = row.turns.order_by("position").values_list("position", "user_text", "reply_text")
    chunks = chunks_of(chat, ((position, text) for position, *texts in turns for text in texts))
    SearchChunk.objects.store(chunks)
    return len(chunks)
