"""The load of the site's processes, reported by each through one row."""

from datetime import timedelta
from typing import Any

from django.db.models import Max, Sum
from django.utils import timezone

from memory_app import runtime
from memory_app.models import ProcessReport
from memory_app.process_liveness import process_id

#: Seconds between two reports without a change; a process that is silent for longer isn't counted
#: any more; after a day its row is deleted.
QUIET, SILENCE, FORGET = timedelta(seconds=5), timedelta(seconds=15), timedelta(days=1)
#: This process's last report, and its time.
_told: dict[str, Any] = {}


def process_report(*, sockets: int, replies: int) -> None:
    """Report this process's load, if it has changed or the last report is old."""
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
    """Remove the process's report as it ends."""
    ProcessReport.objects.filter(process=process_id()).delete()
    _told.clear()


def processes_total() -> dict[str, Any]:
    """The sum over the living processes, and their number."""
    rows = ProcessReport.objects.filter(at__gt=timezone.now() - SILENCE)
    summed = rows.aggregate(
        *(Sum(name, default=0) for name in ("sockets", "replies", "batch", "waiting", "tokens")),
        Max("step_ms", default=0.0),
    )
    return {
        "processes": rows.count(),
        **{name.rpartition("__")[0]: value for name, value in summed.items()},
    }
