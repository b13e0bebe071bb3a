"""The overview: the site's current load, its use by day, the last errors."""

import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from memory_app.models import Chat, Checkpoint, Corpus, FaultEntry, TrainingRun, Turn
from memory_app.services.operations.overview import disk_use, use_by_day, worker_state
from memory_app.services.operations.processes import processes_total
from memory_app.services.operations.worker_pulse import WORKER_SILENCE
from memory_app.version import __version__
from memory_app.views.dashboard.page import page

FAULTS = 12
_UUID = re.compile("[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
#: What the most frequent errors are called; others are shown as they were logged.
FAULT_WORDS = {
    "run failed": gettext_lazy("A run failed"),
    "evaluation failed": gettext_lazy("An evaluation failed"),
    "checkpoint unusable": gettext_lazy("A checkpoint can’t be used"),
    "state damaged": gettext_lazy("A stored state is damaged"),
    "the engine failed a reply": gettext_lazy("A reply failed"),
}


def _faults() -> list[dict[str, Any]]:
    """The last errors: known messages in words, and a link to the run or checkpoint of each."""
    rows = []
    for row in FaultEntry.objects.order_by("-id")[:FAULTS]:
        message, *facts = row.message.split(" · ")
        fault: dict[str, Any] = {"at": row.at, "source": row.source, "name": "", "url": ""}
        for fact in list(facts):
            subject = _subject(*fact.partition(" ")[::2])
            if subject is not None:
                facts.remove(fact)
                fault["name"], fault["url"] = subject
        fault["message"] = " · ".join([str(FAULT_WORDS.get(message, message)), *facts])
        rows.append(fault)
    return rows


def _subject(kind: str, key: str) -> tuple[str, str] | None:
    """Name and address of the object of a fact; None if it is deleted, or has no page."""
    model: Any = {"run": TrainingRun, "checkpoint": Checkpoint}.get(kind)
    if kind == "evaluation" and key.isdecimal():
        checkpoint = Checkpoint.objects.filter(evaluations__pk=int(key)).first()
        kind, row = "checkpoint", checkpoint
    elif model is None or not _UUID.fullmatch(key):
        return None
    else:
        row = model.objects.filter(pk=key).first()
    return None if row is None else (row.name, reverse(f"admin:{kind}", args=[row.pk]))


def _live() -> dict[str, Any]:
    worker = worker_state()
    silence = worker["silence"]
    return {
        "site": processes_total(),
        "most": settings.MEMORY_MAX_BATCH,
        "worker": worker,
        "worker_lives": silence is not None and silence <= WORKER_SILENCE,
        "faults": _faults(),
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
