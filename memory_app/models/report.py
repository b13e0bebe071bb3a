"""A turn that somebody reported to the staff."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from memory_app.models.person import Person
from memory_app.models.turn import Turn


class ReportReason(models.TextChoices):
    HARMFUL = "harmful", _("Harmful or dangerous")
    HATEFUL = "hateful", _("Hateful or harassing")
    SEXUAL = "sexual", _("Sexual")
    PRIVATE = "private", _("A person’s private data")
    OTHER = "other", _("Something else")


class Report(models.Model):
    """Open until a member of staff closes it; it goes with its turn."""

    turn = models.ForeignKey(Turn, models.CASCADE, related_name="reports")
    # Who reported it, as long as they are there; a visitor of a public link may have no row.
    by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=16, choices=ReportReason.choices)
    note = models.CharField(max_length=500, blank=True, default="")
    created = models.DateTimeField(default=timezone.now)
    closed = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-created"], condition=models.Q(closed=None), name="open_reports"),
        ]

    def __str__(self) -> str:
        return f"{self.reason}: turn {self.turn_id}"
