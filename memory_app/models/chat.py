"""A chat: a tree of turns on one checkpoint."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone

from memory_app.core.text.case_folding import fold
from memory_app.models.checkpoint import Checkpoint
from memory_app.models.person import Person
from memory_app.models.search import folded_word, holds, in_chunks


class ChatQuerySet(models.QuerySet["Chat"]):
    def of(self, person: Person | None) -> "ChatQuerySet":
        """The chats of one person that are not deleted; none for None."""
        return self.filter(owner=person, deleted=None) if person else self.none()

    def deleted_before(self, moment: datetime) -> "ChatQuerySet":
        """Those whose deletion can't be undone any more."""
        return self.filter(deleted__lt=moment)

    def pinned_first(self) -> "ChatQuerySet":
        return self.order_by("-pinned", "-activity", "-updated", "-id")

    def newest_first(self) -> "ChatQuerySet":
        """By the last activity, which no clock decides."""
        return self.order_by("-activity", "-updated", "-id")

    def mentioning(self, words: Sequence[str]) -> "ChatQuerySet":
        """Those with every one of `words`, in any case, in the title, a message or a reply."""
        # Long words are the rare ones: a chat without the first isn't searched for the others.
        folded = sorted({folded_word(word) for word in words}, key=len, reverse=True)
        each = models.Q()
        for word in folded:
            each &= holds("folded_title", word) | in_chunks([word])
        # Common words mostly share one of the first chunks: one lookup instead of many.
        return self.filter(in_chunks(folded) | each if len(folded) > 1 else each)

    def keys_mentioning(self, words: Sequence[str], most: int | None = None) -> list[UUID]:
        """The keys of those with every one of `words`, newest first; at most `most` of them."""
        return list(self.mentioning(words).newest_first().values_list("pk", flat=True)[:most])

    def update(self, **fields: Any) -> int:
        """As Django's; the folded title follows the title."""
        if isinstance(fields.get("title"), str):
            fields["folded_title"] = fold(fields["title"])
        return super().update(**fields)

    def done_now(self) -> dict[str, Any]:
        """The fields that put a chat first in its owner's list."""
        newest = Chat.objects.order_by("-activity").values("activity")[:1]
        return {"updated": timezone.now(), "activity": Coalesce(models.Subquery(newest), 0) + 1}


class Chat(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Person, models.CASCADE, related_name="chats")
    title = models.CharField(max_length=200, blank=True, default="")
    # The title as a search compares it (core/text/case_folding.py).
    folded_title = models.TextField(blank=True, default="", editable=False)
    # A state belongs to its weights: no checkpoint is deleted while a chat uses it.
    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="chats")
    head = models.ForeignKey(
        "Turn", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    # The one turn that may run; set by a conditional UPDATE, whose row count decides a race.
    running = models.ForeignKey("Turn", models.SET_NULL, null=True, blank=True, related_name="+")
    # The head before the memory was blanked, while the head is null: the page keeps showing the
    # turns up to it, greyed.
    blanked = models.ForeignKey("Turn", models.SET_NULL, null=True, blank=True, related_name="+")
    # The turn that this chat was forked from, as long as it exists.
    forked_from = models.ForeignKey(
        "Turn", models.SET_NULL, null=True, blank=True, related_name="forks"
    )
    # A deleted chat has no owner at once; until it is purged its owner may undo that.
    deleted = models.DateTimeField(null=True, blank=True, db_index=True)
    # Staff see no chat's text unless its owner has shared it.
    shared = models.BooleanField(default=False)
    # Shown above the other chats, or left out of the list; never both.
    pinned = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    # Spoken with its owner's long-term memory, where there is one.
    long_term = models.BooleanField(default=False)
    # Read from a file, so that lists distinguish it from the chat that was exported.
    imported = models.BooleanField(default=False)
    created = models.DateTimeField(default=timezone.now)
    updated = models.DateTimeField(default=timezone.now)
    # Higher than any other chat's after the last action in it: lists are ordered by it, since a
    # clock can be set back.
    activity = models.PositiveBigIntegerField(editable=False, db_index=True)

    objects = ChatQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["owner", "-activity"], name="chats_of_person")]

    def __str__(self) -> str:
        return str(self.id)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.folded_title = fold(self.title)
        if self._state.adding and not self.activity:
            last = Chat.objects.aggregate(last=models.Max("activity"))["last"]
            self.activity = (last or 0) + 1
        super().save(*args, **kwargs)
