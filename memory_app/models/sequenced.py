"""Rows that are ordered by a number, never by a time."""

from typing import Any

from django.db import models


class Sequenced(models.Model):
    """A row with a number that is higher than that of every earlier row.

    Rows are ordered by it and never by their time: a clock can be set back.
    """

    sequence = models.PositiveBigIntegerField(editable=False, db_index=True)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding and not self.sequence:
            rows = type(self)._default_manager
            self.sequence = (rows.aggregate(last=models.Max("sequence"))["last"] or 0) + 1
        super().save(*args, **kwargs)
