"""Text to train on."""

import uuid
from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class Corpus(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    split = models.CharField(max_length=8, default="train")
    language = models.CharField(max_length=16, default="en")
    licence = models.CharField(max_length=200, blank=True, default="")
    attribution = models.CharField(max_length=500, blank=True, default="")
    path = models.CharField(max_length=500)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    # The first refusals: [{"file", "line", "reason", "said"}, …].
    refusals = models.JSONField(default=list)
    tokens = models.PositiveBigIntegerField(null=True, blank=True)
    # Figures for the pages, so that the file isn't read again: turns, words, lengths' histogram.
    profile = models.JSONField(default=dict)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "corpora"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name", "split"], name="one_corpus_a_split")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.split})"

    @property
    def file(self) -> Path:
        """Its stored rows, JSON lines; the file may be missing."""
        return Path(settings.DATA_DIR) / self.path
