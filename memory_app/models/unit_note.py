"""What a person wrote about one unit of a checkpoint."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from memory_app.models.checkpoint import Checkpoint
from memory_app.models.person import Person


class UnitNote(models.Model):
    """A person's note on a unit; layer and unit are counted from 0."""

    LONGEST = 2_000  # characters

    person = models.ForeignKey(Person, models.CASCADE, related_name="unit_notes")
    checkpoint = models.ForeignKey(Checkpoint, models.CASCADE, related_name="unit_notes")
    layer = models.PositiveSmallIntegerField()
    unit = models.PositiveIntegerField()
    text = models.CharField(max_length=LONGEST)
    changed = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "checkpoint", "layer", "unit"], name="one_note_a_unit"
            )
        ]

    def __str__(self) -> str:
        return f"note on unit {self.unit} of layer {self.layer + 1}"
