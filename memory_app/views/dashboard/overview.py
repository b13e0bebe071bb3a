"""The overview: the site's current load, its use by day, the last errors."""

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from memory_app.core.number_text import whole_number
from memory_app.http import StaffRequest
from memory_app.models import (
    Chat,
    Checkpoint,
    Corpus,
    Evaluation,
    FaultEntry,
    TrainingRun,
    Turn,
)
from memory_app.services.operations.audit import deleted_name
from memory_app.services.operations.overview import (
    disk_use,
    faults_dismiss,
    use_by_day,
    worker_state,
)
from memory_app.services.operations.processes import processes_total
from memory_app.services.operations.reports import reports_waiting
from memory_app.services.operations.worker_pulse import WORKER_SILENCE
from memory_app.translate_messages import kept_in_words
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
    """The last errors: known messages in words, and a link to the run or checkpoint of each.

    The sentence that a run or an evaluation keeps takes the place of what was logged.
    """
    rows = []
    for row in FaultEntry.objects.order_by("-id")[:FAULTS]:
        message, *facts = row.message.split(" · ")
        subjects = {fact: _subject(*fact.partition(" ")[::2]) for fact in facts}
        subject = next((each for each in subjects.values() if each and each.name), Subject())
        rest = [fact for fact, of in subjects.items() if of is None]
        words = [str(FAULT_WORDS.get(message, message)), *rest]
        rows.append(
            {
                "at": row.at,
                "source": row.source,
                "subject": subject,
                "message": subject.reason or " · ".join(words),
            }
        )
    return rows


@dataclass(frozen=True, slots=True)
class Subject:
    """What an error is about: its name, the address of its page, why it failed."""

    name: str = ""
    url: str = ""
    reason: str = ""


def _subject(kind: str, key: str) -> Subject | None:
    """The object of a fact; what was deleted has a name alone. None for what has no page.

    An evaluation goes with its checkpoint, which the same error names by its hash.
    """
    if kind == "evaluation" and key.isdecimal():
        sat = Evaluation.objects.select_related("checkpoint").filter(pk=int(key)).first()
        return _subject_of("checkpoint", sat.checkpoint, sat) if sat else Subject()
    if kind == "sha256":
        row = Checkpoint.objects.filter(sha256=key).first()
        name = "" if row else deleted_name(kind="checkpoint", key=key[:12])
        return _subject_of("checkpoint", row) if row else Subject(name) if name else None
    if kind not in {"run", "checkpoint"} or not _UUID.fullmatch(key):
        return None
    if kind == "checkpoint":
        row = Checkpoint.objects.filter(pk=key).first()
        return _subject_of(kind, row) if row else None
    run = TrainingRun.objects.filter(pk=key).first()
    if run is not None:
        return _subject_of(kind, run, run)
    name = deleted_name(kind=kind, key=key)
    return Subject(name) if name else None


def _subject_of(
    kind: str, row: Checkpoint | TrainingRun, failed: TrainingRun | Evaluation | None = None
) -> Subject:
    reason = kept_in_words(failed.error_said, failed.error) if failed else ""
    return Subject(row.name, reverse(f"admin:{kind}", args=[row.pk]), reason)


def faults_dismiss_view(request: StaffRequest) -> HttpResponse:
    """Remove the listed errors; one that came since the page was shown stays."""
    last = whole_number(request.POST.get("last", ""), 2**62)
    if last is not None:
        faults_dismiss(last=last, by=request.user)
    return redirect("admin:overview")


def _live(request: HttpRequest) -> dict[str, Any]:
    worker = worker_state()
    silence = worker["silence"]
    return {
        "site": processes_total(),
        "most": settings.MEMORY_MAX_BATCH,
        "worker": worker,
        "worker_lives": silence is not None and silence <= WORKER_SILENCE,
        "reports": reports_waiting() if request.user.has_perm("memory_app.operate") else None,
        "faults": _faults(),
        "last_fault": FaultEntry.objects.order_by("-id").values_list("id", flat=True).first(),
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
            "turns": Turn.objects.spoken().count(),
            # Counted for the days of the chart alone: each token of every turn would be read.
            "tokens": sum(use["tokens"]),
        },
        live_checkpoints=Checkpoint.objects.filter(live=True).order_by("language"),
        version=__version__,
        untouched=not TrainingRun.objects.exists() and not Corpus.objects.exists(),
        **_live(request),
    )


def overview_live(request: HttpRequest) -> HttpResponse:
    """The figures that change from second to second."""
    return render(request, "dashboard/parts/overview_live.html", _live(request))
