"""Exams of a checkpoint."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from memory_app.models.checkpoint import Checkpoint


class EvaluationStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class Evaluation(models.Model):
    """One exam of a checkpoint, requested on its page and run by the worker, or by `evaluate`."""

    checkpoint = models.ForeignKey(Checkpoint, models.CASCADE, related_name="evaluations")
    suite = models.CharField(max_length=32)
    # {"n": questions a cell, "corpora": [name, …]}
    request = models.JSONField(default=dict)
    status = models.CharField(
        max_length=16, choices=EvaluationStatus.choices, default=EvaluationStatus.FINISHED
    )
    result = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True, default="")
    error_said = models.JSONField(blank=True, default=dict)
    # The process that runs it (process_liveness.py): once it has died, another takes over.
    process = models.CharField(max_length=64, blank=True, default="")
    heartbeat = models.DateTimeField(null=True, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.suite} of {self.checkpoint}"
