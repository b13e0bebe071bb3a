"""Chats: created, renamed, shared, deleted, restored, and finally purged."""

import logging
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from memory_app import registry
from memory_app.core.messages import SentenceError
from memory_app.core.text.graphemes import name_of
from memory_app.models import Chat, Checkpoint, Person, PublicLink, Turn, TurnStatus
from memory_app.pending_chats import is_pending
from memory_app.services.chat.guests import may_begin
from memory_app.services.chat.long_term import chat_forgotten, is_remembering
from memory_app.services.chat.pending_chats import pending_change, pending_open
from memory_app.services.chat.titles import title_from_all
from memory_app.services.operations.erase_deleted import RemainsLeft, remains_clear

log = logging.getLogger(__name__)
#: How long a deletion can be undone; afterwards nothing of the chat is kept.
UNDO_FOR = timedelta(days=1)


class NotForChat(SentenceError):
    """This checkpoint is for study: the engine doesn't run its cell."""


class NoCheckpoint(SentenceError):
    """There is no such checkpoint for chats, or none is live."""


def chat_create(
    *, person: Person, checkpoint: Checkpoint | None = None, language: str = "en"
) -> Chat:
    """A new chat with a blank memory, on `checkpoint` or on the language's live one.

    It has no row before its first message (memory_app/pending_chats.py).

    Raises:
        NoCheckpoint: none is live.
        NotForChat: this checkpoint's cell is for study.
        Refused: `quota`: a guest has as many chats as a guest may have.
    """
    checkpoint = checkpoint or registry.live(language)
    if checkpoint is None:
        raise NoCheckpoint("No checkpoint is live. Import a checkpoint and promote it.")
    if not checkpoint.serves_chats:
        raise NotForChat(
            "{name} is for study only and can't be used for chat.", name=checkpoint.name
        )
    may_begin(person)
    return pending_open(
        person=person,
        checkpoint=checkpoint,
        long_term=is_remembering(person=person, checkpoint=checkpoint),
    )


def _set(chat: Chat, **fields: Any) -> None:
    """Write these fields of the chat: to its person's row while it is pending, else to its own."""
    if is_pending(chat) and pending_change(chat=chat, **fields):
        return
    Chat.objects.filter(pk=chat.pk).update(**fields)
    for name, value in fields.items():
        setattr(chat, name, value)


def chat_rename(*, chat: Chat, title: str) -> None:
    """Name a chat; an empty title restores the automatic one."""
    messages = chat.turns.oldest_first().exclude(user_text="").values_list("user_text", flat=True)
    _set(chat, title=name_of(title) or title_from_all(messages.iterator()))


def chat_share(*, chat: Chat, shared: bool) -> None:
    """Let staff read this chat, or no longer."""
    _set(chat, shared=shared)


def chat_pin(*, chat: Chat, pinned: bool) -> None:
    """Keep this chat above the others, or no longer; pinning removes it from the archive."""
    _set(chat, pinned=pinned, archived=chat.archived and not pinned)


def chat_long_term(*, chat: Chat, on: bool) -> None:
    """Speak this chat's replies with its owner's long-term memory, or no longer."""
    _set(chat, long_term=on)


def chat_archive(*, chat: Chat, archived: bool) -> None:
    """Leave this chat out of the list, or return it; searches include it either way.

    A pin is kept and shows again with the chat.
    """
    _set(chat, archived=archived)


@transaction.atomic
def chat_delete(*, chat: Chat) -> None:
    """Hide the chat from everybody; its owner may undo that until it is purged.

    A reply that still runs is asked to stop: its process learns of it within a heartbeat
    (turns_pulse), and its tokens so far are kept with the chat. Its public links end for good: a
    restored chat is private. What was consolidated of it is forgotten at once, and for good.
    """
    now = timezone.now()
    if is_pending(chat) and pending_change(chat=chat, deleted=now):
        return
    Chat.objects.filter(pk=chat.pk, deleted=None).update(deleted=now)
    Turn.objects.filter(chat=chat.pk, status=TurnStatus.RUNNING).update(stop_requested=True)
    PublicLink.objects.filter(chat=chat.pk).delete()
    chat_forgotten(chat=chat)
    chat.deleted = now


def chat_restore(*, chat: Chat) -> None:
    """Undo a deletion without loss; a chat that isn't deleted stays as it is."""
    _set(chat, deleted=None)


def chats_purge(*, older_than: timedelta = UNDO_FOR) -> int:
    """Purge chats deleted longer ago than this, turns and states too; returns how many.

    A reply that still runs in one raises TurnGone at its commit and ends. Each chat is deleted in a
    transaction of its own, which holds the chat's row first: a commit or a restore at the same time
    comes either before that or after it.
    """
    now = timezone.now()
    # Deleted by a clock that was ahead: it would be kept until that time comes.
    Chat.objects.filter(deleted__gt=now).update(deleted=now)
    gone = Chat.objects.deleted_before(now - older_than)
    count = 0
    for key in list(gone.values_list("pk", flat=True)):
        with transaction.atomic():
            chat = gone.select_for_update().filter(pk=key).first()
            if chat is not None:
                chat.delete()
                count += 1
    if count:
        log.info("deleted chats purged", extra={"count": count})
        try:
            remains_clear(within=5, whatever_size=False)
        except RemainsLeft as left:
            # leftovers_purge empties the log again in an hour.
            log.warning("purged chats may be left on the disk", extra={"reason": str(left)})
    return count


def chats_empty_purge(*, older_than: timedelta = UNDO_FOR) -> int:
    """Delete rows of chats without a message; returns how many.

    Such rows were created when a chat was opened, before they came with the first message.
    """
    empty = Chat.objects.filter(
        ~models.Exists(Turn.objects.filter(chat=models.OuterRef("pk"))),
        created__lt=timezone.now() - older_than,
        deleted=None,
        running=None,
    )
    count = 0
    for key in list(empty.values_list("pk", flat=True)):
        with transaction.atomic():
            # Held, and checked again: its first message may be on its way.
            held = Chat.objects.select_for_update().filter(pk=key).first()
            if held is not None and empty.filter(pk=key).exists():
                held.delete()
                count += 1
    return count
