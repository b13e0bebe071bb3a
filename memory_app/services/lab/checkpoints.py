"""The checkpoints that a page of the Lab is about, and what they score."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from memory_app import runtime
from memory_app.core.model.checkpoint import Checkpoint as Loaded
from memory_app.core.model.checkpoint import CheckpointError
from memory_app.core.model.config import ConfigError
from memory_app.models import Checkpoint
from memory_app.refusal import Refused


def task_checkpoints(task: str) -> list[Checkpoint]:
    """The checkpoints of a task: bundled before others, then the newest first."""
    return list(Checkpoint.objects.filter(config__task=task).order_by("-bundled", "-sequence"))


def task_checkpoint(
    task: str, *, key: str = "", staff: bool = False, absent: Any = ""
) -> Checkpoint:
    """The checkpoint of this id, or the one that the page opens with; others are for staff.

    Raises:
        Refused: there is none; with the sentence `absent`.
    """
    rows = task_checkpoints(task) if staff else task_checkpoints(task)[:1]
    if key:
        try:
            rows = [row for row in rows if row.pk == UUID(key)]
        except ValueError:
            rows = []
    if not rows:
        raise Refused("not_found", absent)
    return rows[0]


def task_model(checkpoint: Checkpoint, *, outputs: int) -> Loaded:
    """The loaded checkpoint.

    Raises:
        Refused: `unavailable`, where its files are damaged or its head isn't the task's.
    """
    try:
        loaded = runtime.load_checkpoint_by_sha(checkpoint.sha256)
    except (CheckpointError, ConfigError) as fault:
        raise Refused("unavailable", _("The checkpoint’s files are missing or damaged.")) from fault
    if loaded.model.config.outputs != outputs:
        raise Refused("unavailable", _("The checkpoint has no head for this task."))
    return loaded


def task_figures_of(row: Checkpoint, task: str) -> dict[str, Any] | None:
    """What the checkpoint scores on held-out texts, by its config or its newest evaluation."""
    exams = [row.config.get("evaluation")]
    exams += list(row.evaluations.order_by("id").values_list("result", flat=True))
    for exam in reversed(exams):
        found = exam.get(task) if isinstance(exam, dict) else None
        n = found.get("n") if isinstance(found, dict) else None
        if type(n) is int and 0 < n < 10**9:
            return found
    return None
