"""Training runs, the searches that queue them, and their figures."""

import uuid
from statistics import median
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from memory_app.models.checkpoint import Checkpoint
from memory_app.models.sequenced import Sequenced

#: Under this name, since a row's own `settings` hides Django's inside its class.
USER = settings.AUTH_USER_MODEL


class RunStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    PAUSING = "pausing"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"


#: Statuses of a run that a process holds, or held until it died.
HELD = (RunStatus.RUNNING, RunStatus.CANCELLING, RunStatus.PAUSING)


#: Figures of a run's speed that the time left is computed from: at least, and at most.
RATES_LEAST, RATES_MOST = 3, 10
#: A run with one of these stands still for good, unless a person resumes it.
ENDED = (RunStatus.FINISHED, RunStatus.CANCELLED, RunStatus.FAILED)
#: A run with one of these is carried out or will be: it still needs its corpora and its parent.
UNFINISHED = (RunStatus.QUEUED, RunStatus.PAUSED, *HELD)


#: The request to a held run, and its status once that is done.
ASKED = {RunStatus.CANCELLING: RunStatus.CANCELLED, RunStatus.PAUSING: RunStatus.PAUSED}


class ParameterSearch(Sequenced):
    """Runs that differ in chosen settings alone, queued together and compared in one table."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    method = models.CharField(max_length=16)  # grid, random
    # {setting: [value, …]} for a grid; {setting: [low, high]} or [value, …] at random.
    space = models.JSONField(default=dict)
    preset = models.CharField(max_length=32)
    settings = models.JSONField(default=dict)
    corpora = models.JSONField(default=list)
    created_by = models.ForeignKey(USER, models.SET_NULL, null=True, blank=True, related_name="+")
    created = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class TrainingRunQuerySet(models.QuerySet["TrainingRun"]):
    def waiting(self) -> "TrainingRunQuerySet":
        """Those that no worker has claimed, the next one first."""
        return self.filter(status=RunStatus.QUEUED).order_by("sequence", "id")

    def held(self) -> "TrainingRunQuerySet":
        """Those that a process holds, or held until it died."""
        return self.filter(status__in=HELD)


class TrainingRun(Sequenced):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, blank=True, default="")
    preset = models.CharField(max_length=32)
    settings = models.JSONField(default=dict)
    # [[corpus name, weight], …]
    corpora = models.JSONField(default=list)
    status = models.CharField(max_length=16, choices=RunStatus.choices, default=RunStatus.QUEUED)
    step = models.PositiveIntegerField(default=0)
    total_steps = models.PositiveIntegerField(default=0)
    checkpoint = models.ForeignKey(
        Checkpoint, models.SET_NULL, null=True, blank=True, related_name="runs"
    )
    error = models.TextField(blank=True, default="")
    # The same as a sentence that can be translated (core/messages.py).
    error_said = models.JSONField(blank=True, default=dict)
    # The checkpoint whose weights and tokenizer it begins from; at random without one.
    parent = models.ForeignKey(
        Checkpoint, models.SET_NULL, null=True, blank=True, related_name="descendants"
    )
    search = models.ForeignKey(
        ParameterSearch, models.SET_NULL, null=True, blank=True, related_name="runs"
    )
    # A note by staff; the list leaves archived runs out unless asked.
    note = models.TextField(blank=True, default="")
    archived = models.BooleanField(default=False)
    started_by = models.ForeignKey(USER, models.SET_NULL, null=True, blank=True, related_name="+")
    # Raised by each claim: a holder of a lower number writes nothing any more, neither here nor
    # on disk, where the number is part of the saves' names.
    fence = models.PositiveIntegerField(default=0)
    # The process that holds it (process_liveness.py), and the time of its last heartbeat.
    process = models.CharField(max_length=64, blank=True, default="")
    heartbeat = models.DateTimeField(null=True, blank=True)
    # The step of the last save, and the number of workers that died since.
    saved = models.PositiveIntegerField(default=0)
    deaths = models.PositiveSmallIntegerField(default=0)
    created = models.DateTimeField(default=timezone.now)
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)

    objects = TrainingRunQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["status", "sequence"], name="runs_by_status")]

    def __str__(self) -> str:
        return self.name or str(self.id)

    @property
    def is_preparing(self) -> bool:
        """Whether a worker holds it but no step is done: it reads corpora, learns a vocabulary."""
        return self.status == RunStatus.RUNNING and self.step == 0

    @property
    def is_finishing(self) -> bool:
        """Whether all steps are done and only the evaluation and the checkpoint remain."""
        return self.status == RunStatus.RUNNING and 0 < self.total_steps <= self.step

    def seconds_left(self) -> float | None:
        """The time left at the median rate of the last figures; None before there are enough."""
        rates = self.metrics.filter(name="steps_per_second", value__gt=0, step__gt=1)
        last = list(rates.order_by("-step").values_list("value", flat=True)[:RATES_MOST])
        if self.status not in HELD or len(last) < RATES_LEAST or self.step >= self.total_steps:
            return None
        # The first steps after a start are several times slower, as is one with a validation:
        # the first of all isn't counted, and a mean would follow the others for a hundred steps.
        return (self.total_steps - self.step) / median(last)


class TrainingMetric(models.Model):
    run = models.ForeignKey(TrainingRun, models.CASCADE, related_name="metrics")
    step = models.PositiveIntegerField()
    name = models.CharField(max_length=100)
    value = models.FloatField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "name", "step"], name="one_value_a_step")
        ]

    def __str__(self) -> str:
        return f"{self.name} @ {self.step}"


class RunSample(models.Model):
    """The replies of a run's model at one evaluation: [{"prompt", "reply"}, …]."""

    run = models.ForeignKey(TrainingRun, models.CASCADE, related_name="samples")
    step = models.PositiveIntegerField()
    exchanges = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "step"], name="one_sample_a_step")
        ]

    def __str__(self) -> str:
        return f"sample @ {self.step}"
