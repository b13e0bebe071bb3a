"""A chat that is imported from its file in the background."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from memory_app.models.person import Person
from memory_app.models.sequenced import Sequenced


class ImportStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class ChatImport(Sequenced):
    """A chat's file that is being replayed; the chat gets the same id when that is done.

    The row decides: the process that replays holds it by its fence, as a run is held.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Person, models.CASCADE, related_name="imports")
    title = models.CharField(max_length=200, blank=True, default="")
    # The file as it was uploaded; emptied when the import has ended.
    data = models.BinaryField(default=bytes)
    status = models.CharField(
        max_length=16, choices=ImportStatus.choices, default=ImportStatus.QUEUED
    )
    # Tokens to replay, and how many of them are replayed.
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    # Why it failed: a sentence of the catalogue and its values.
    error_said = models.JSONField(blank=True, default=dict)
    fence = models.PositiveIntegerField(default=0)
    deaths = models.PositiveSmallIntegerField(default=0)
    process = models.CharField(max_length=64, blank=True, default="")
    heartbeat = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["status"], name="imports_by_status")]

    def __str__(self) -> str:
        return f"{self.title or self.id} ({self.status})"
