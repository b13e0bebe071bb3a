"""Figures of the overview: use by day, disk by part, the worker, the queue."""

import os
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, F, Func, IntegerField, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from memory_app.models import (
    Chat,
    Evaluation,
    EvaluationStatus,
    FaultEntry,
    TrainingRun,
    Turn,
)
from memory_app.services.operations.audit import audit_record
from memory_app.services.operations.worker_pulse import worker_silence

DAYS = 30


class JsonLength(Func):
    """The length of a JSON array, counted by the database."""

    function = "JSON_ARRAY_LENGTH"
    output_field = IntegerField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="JSONB_ARRAY_LENGTH", **context)


def _by_day(rows: QuerySet[Any], first: date, value: Any) -> list[int]:
    """One sum a day from `first` to today, zeros too."""
    since = timezone.now() - timedelta(days=DAYS + 1)
    counted = (
        rows.filter(created__gte=since)
        .annotate(day=TruncDate("created"))
        .order_by("day")
        .values("day")
        .annotate(count=value)
        .values_list("day", "count")
    )
    sums = dict(counted)
    return [int(sums.get(first + timedelta(days=n)) or 0) for n in range(DAYS)]


def use_by_day() -> dict[str, Any]:
    """Chats begun, turns taken and tokens read and written, for each of the last thirty days."""
    first = timezone.now().date() - timedelta(days=DAYS - 1)
    tokens = Sum(JsonLength(F("user_token_ids")) + JsonLength(F("reply_token_ids")))
    return {
        "days": [(first + timedelta(days=n)).isoformat() for n in range(DAYS)],
        "chats": _by_day(Chat.objects.all(), first, Count("pk")),
        "turns": _by_day(Turn.objects.spoken(), first, Count("pk")),
        "tokens": _by_day(Turn.objects.spoken(), first, tokens),
    }


def _sizes(folder: Path) -> Iterator[int]:
    """The bytes of all files below a folder; a file that vanishes meanwhile counts nothing."""
    for path, _folders, names in os.walk(folder):
        for name in names:
            try:
                yield (Path(path) / name).lstat().st_size
            except OSError:
                continue


def disk_use() -> dict[str, Any]:
    """DATA_DIR by part, largest first, and the free space beside it; in bytes."""
    root = Path(settings.DATA_DIR)
    parts: dict[str, int] = {}
    for entry in root.iterdir() if root.is_dir() else []:
        if entry.is_dir() and not entry.is_symlink():
            parts[entry.name] = sum(_sizes(entry))
        else:
            name = "database" if ".sqlite3" in entry.name else "other"
            parts[name] = parts.get(name, 0) + entry.lstat().st_size
    ranked = sorted(parts.items(), key=lambda part: -part[1])
    return {"parts": ranked, "used": sum(parts.values()), "free": shutil.disk_usage(root).free}


def worker_state() -> dict[str, Any]:
    """How long ago the training worker's last heartbeat was, its work, and the queue."""
    return {
        "silence": worker_silence(),
        "running": TrainingRun.objects.held().first(),
        "runs_waiting": TrainingRun.objects.waiting().count(),
        "exams_waiting": Evaluation.objects.filter(status=EvaluationStatus.QUEUED).count(),
    }


@transaction.atomic
def faults_dismiss(*, last: int, by: User) -> int:
    """Remove the errors up to this entry from the overview; the log keeps them."""
    count = FaultEntry.objects.filter(id__lte=last).delete()[0]
    if count:
        audit_record(user=by, action="faults.dismiss", detail={"errors": count})
    return count
