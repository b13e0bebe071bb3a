"""What the site's processes carry, told by each of them through one row."""

from datetime import timedelta
from typing import Any

from django.db.models import Max, Sum
from django.utils import timezone

from memory_app import runtime
from memory_app.models import ProcessReport
from memory_app.process_liveness import process_id

#: A process that has nothing new to say still says so after this long; silent for longer, it is
#: no longer counted; after a day its row goes.
QUIET, SILENCE, FORGET = timedelta(seconds=5), timedelta(seconds=15), timedelta(days=1)
#: What this process told last, and when.
_told: dict[str, Any] = {}


def process_report(*, sockets: int, replies: int) -> None:
    """Tell the database what this process carries, when it has changed or it was long ago."""
    stats = runtime.engine_stats()
    running = int(stats.get("running", 0))
    figures = {
        "sockets": sockets,
        "replies": replies,
        "batch": running,
        "waiting": max(0, int(stats.get("open", 0)) - running),
        "tokens": int(stats.get("tokens", 0)),
        "step_ms": float(stats.get("step_ms", 0.0)),
    }
    now = timezone.now()
    if _told.get("figures") == figures and now - _told["at"] < QUIET:
        return
    ProcessReport.objects.update_or_create(process=process_id(), defaults={**figures, "at": now})
    if "figures" not in _told:
        ProcessReport.objects.filter(at__lt=now - FORGET).delete()
    _told.update(figures=figures, at=now)


def process_left() -> None:
    """The process ends: it carries nothing from here on."""
    ProcessReport.objects.filter(process=process_id()).delete()
    _told.clear()


def processes_total() -> dict[str, Any]:
    """The sum over the processes that live, and how many they are."""
    rows = ProcessReport.objects.filter(at__gt=timezone.now() - SILENCE)
    summed = rows.aggregate(
        *(Sum(name, default=0) for name in ("sockets", "replies", "batch", "waiting", "tokens")),
        Max("step_ms", default=0.0),
    )
    return {
        "processes": rows.count(),
        **{name.rpartition("__")[0]: value for name, value in summed.items()},
    }
