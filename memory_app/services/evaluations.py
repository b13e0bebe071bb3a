"""Exams of a checkpoint, kept with it."""

from typing import Any

from memory_app.models import Checkpoint, Evaluation


def evaluation_record(*, checkpoint: Checkpoint, suite: str, result: dict[str, Any]) -> Evaluation:
    """Keep what an exam found; one checkpoint may sit the same exam again."""
    return Evaluation.objects.create(checkpoint=checkpoint, suite=suite, result=result)
