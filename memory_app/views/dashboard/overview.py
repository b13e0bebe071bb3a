"""The overview: what the site does right now, how much it is used, what went wrong last."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from memory_app.models import Chat, Checkpoint, Corpus, FaultEntry, TrainingRun, Turn
from memory_app.services.operations.overview import disk_use, use_by_day, worker_state
from memory_app.services.operations.processes import processes_total
from memory_app.version import __version__
from memory_app.views.dashboard.page import page

FAULTS = 12
#: The worker says that it lives every five seconds; this long without a word, it doesn't.
WORKER_SILENCE = timedelta(seconds=15)


def _live() -> dict[str, Any]:
    worker = worker_state()
    silence = worker["silence"]
    return {
        "site": processes_total(),
        "most": settings.MEMORY_MAX_BATCH,
        "worker": worker,
        "worker_lives": silence is not None and silence <= WORKER_SILENCE.total_seconds(),
        "faults": FaultEntry.objects.order_by("-id")[:FAULTS],
    }


def overview(request: HttpRequest) -> HttpResponse:
    """The dashboard's first page."""
    use = use_by_day()
    return page(
        request,
        "dashboard/overview.html",
        title=_("Overview"),
        section="overview",
        use=use,
        disk=disk_use(),
        counts={
            "chats": Chat.objects.filter(deleted=None).count(),
            "turns": Turn.objects.count(),
            # Counted for the days of the chart alone: each token of every turn would be read.
            "tokens": sum(use["tokens"]),
        },
        live_checkpoints=Checkpoint.objects.filter(live=True).order_by("language"),
        version=__version__,
        untouched=not TrainingRun.objects.exists() and not Corpus.objects.exists(),
        **_live(),
    )


def overview_live(request: HttpRequest) -> HttpResponse:
    """The figures that change from second to second."""
    return render(request, "dashboard/parts/overview_live.html", _live())
