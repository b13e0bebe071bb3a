"""Long-term memory: what was consolidated of each chat, and the adapter fitted to all of it."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from memory_app.models.chat import Chat
from memory_app.models.checkpoint import Checkpoint
from memory_app.models.person import Person
from memory_app.models.sequenced import Sequenced


class ConsolidationStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class Consolidation(Sequenced):
    """A chat that is being remembered for good, or is remembered.

    The row decides: the process that computes holds it by its fence, as a run is held.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Person, models.CASCADE, related_name="consolidations")
    chat = models.OneToOneField(Chat, models.CASCADE, related_name="consolidation")
    checkpoint = models.ForeignKey(Checkpoint, models.CASCADE, related_name="+")
    status = models.CharField(
        max_length=16, choices=ConsolidationStatus.choices, default=ConsolidationStatus.QUEUED
    )
    # What was learned (core/consolidation/rehearsal.py), once the rehearsal is done: a worker that
    # resumes starts from there. In effect, from the highest `place` on, when `place` isn't null.
    learned = models.JSONField(null=True, blank=True)
    memories = models.JSONField(default=list, blank=True)
    place = models.PositiveBigIntegerField(null=True, blank=True)
    # What the exam before and after gave, with seconds, bytes and rank.
    figures = models.JSONField(default=dict, blank=True)
    # Percent.
    done = models.PositiveSmallIntegerField(default=0)
    # The stage, its counts and the time left (services/chat/consolidation_progress.py).
    progress = models.JSONField(default=dict, blank=True)
    error_said = models.JSONField(blank=True, default=dict)
    fence = models.PositiveIntegerField(default=0)
    deaths = models.PositiveSmallIntegerField(default=0)
    process = models.CharField(max_length=64, blank=True, default="")
    heartbeat = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["status"], name="consolidations_by_status")]

    def __str__(self) -> str:
        return f"{self.chat_id} ({self.status})"


class LongTermMemory(models.Model):
    """One person's adapter on one checkpoint."""

    owner = models.ForeignKey(Person, models.CASCADE, related_name="long_term")
    checkpoint = models.ForeignKey(Checkpoint, models.CASCADE, related_name="+")
    # The safetensors file (core/model/adapter.py); empty where nothing is remembered, and from the
    # moment that a chat is forgotten until the adapter without it is there.
    data = models.BinaryField(default=bytes)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    rank = models.PositiveSmallIntegerField(default=0)
    size = models.PositiveIntegerField(default=0)
    # Raised whenever what it has to hold changes: an adapter fitted to an earlier version isn't
    # stored.
    version = models.PositiveBigIntegerField(default=1)
    fitted = models.PositiveBigIntegerField(default=0)
    changed = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "checkpoint"], name="one_adapter_a_checkpoint")
        ]

    def __str__(self) -> str:
        return f"{self.owner_id}: {self.sha256[:12] or 'none'}"
