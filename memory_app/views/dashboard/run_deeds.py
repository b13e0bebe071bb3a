"""What staff do with a run: each leaves an entry in the audit log."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from memory_app.models import RunStatus, TrainingRun
from memory_app.sentences import in_words
from memory_app.services.audit import audit_record
from memory_app.services.run_log import run_log_read
from memory_app.services.runs import (
    ENDED,
    NOTE_MOST,
    RunError,
    run_archive,
    run_cancel,
    run_delete,
    run_describe,
    run_pause,
    run_resume,
)
from memory_app.views.dashboard.confirm import Ask, confirm, confirmed
from memory_app.views.dashboard.page import page
from memory_app.views.dashboard.runs import LIVELY, STOP_POLLING

_ASK = {"pause": run_pause, "resume": run_resume}


def _too_late(request: HttpRequest, row: TrainingRun) -> HttpResponse:
    messages.warning(request, _("This is no longer possible: the run’s status has changed."))
    return redirect("admin:run", run=row.pk)


def _record(request: HttpRequest, what: str, row: TrainingRun) -> None:
    audit_record(user=request.user, action=f"run.{what}", object=f"{row} ({row.pk})")


def run_ask(request: HttpRequest, run: UUID, what: str) -> HttpResponse:
    """Pause or resume a run, and go back to its page."""
    row = get_object_or_404(TrainingRun, pk=run)
    if not _ASK[what](run=row):
        return _too_late(request, row)
    _record(request, what, row)
    return redirect("admin:run", run=row.pk)


def run_cancel_view(request: HttpRequest, run: UUID) -> HttpResponse:
    """Ask, then cancel a run, and go back to its page."""
    row = get_object_or_404(TrainingRun, pk=run)
    if row.status not in (*LIVELY, RunStatus.PAUSED):
        return _too_late(request, row)
    ask = Ask(
        title=_("Cancel {name}?").format(name=row.name),
        section="runs",
        sentences=[
            _("It ends within seconds and leaves no checkpoint."),
            _("It can be resumed from its last save, if it has one."),
        ],
        button=_("Cancel the run"),
        back=reverse("admin:run", args=[row.pk]),
    )
    if not confirmed(request, ask):
        return confirm(request, ask)
    if not run_cancel(run=row):
        return _too_late(request, row)
    _record(request, "cancel", row)
    return redirect("admin:run", run=row.pk)


def run_delete_view(request: HttpRequest, run: UUID) -> HttpResponse:
    """Ask, then delete an ended run."""
    row = get_object_or_404(TrainingRun.objects.select_related("checkpoint"), pk=run)
    if row.status not in ENDED:
        messages.warning(request, _("A run that has not ended can’t be deleted: cancel it first."))
        return redirect("admin:run", run=row.pk)
    stays = (
        _("Its checkpoint {name} stays.").format(name=row.checkpoint.name)
        if row.checkpoint
        else _("It has created no checkpoint and can no longer be resumed.")
    )
    ask = Ask(
        title=_("Delete {name}?").format(name=row.name),
        section="runs",
        sentences=[_("Its curves, sample replies, log and saves are deleted permanently."), stays],
        button=_("Delete the run"),
        back=reverse("admin:run", args=[row.pk]),
    )
    if not confirmed(request, ask):
        return confirm(request, ask)
    if not run_delete(run=row):
        return _too_late(request, row)
    _record(request, "delete", row)
    messages.success(request, _("{name} was deleted.").format(name=row.name))
    return redirect("admin:runs")


def run_archive_view(request: HttpRequest, run: UUID) -> HttpResponse:
    """Leave an ended run out of the list, or put it back."""
    row = get_object_or_404(TrainingRun, pk=run)
    archived = request.POST.get("archived") != "0"
    if not run_archive(run=row, archived=archived):
        messages.warning(request, _("A run that has not ended stays in the list."))
    elif archived != row.archived:
        _record(request, "archive" if archived else "unarchive", row)
    return redirect("admin:run", run=row.pk)


def run_describe_view(request: HttpRequest, run: UUID) -> HttpResponse:
    """Name a run and write a note about it; what is wrong is said at its field."""
    row = get_object_or_404(TrainingRun, pk=run)
    name, note = request.POST.get("name", ""), request.POST.get("note", "")
    try:
        run_describe(run=row, name=name, note=note)
    except RunError as fault:
        return page(
            request,
            "dashboard/run_describe.html",
            title=row.name,
            section="runs",
            status=400,
            run=row,
            name=name,
            note=note,
            note_most=NOTE_MOST,
            errors={fault.field: in_words(fault)},
        )
    _record(request, "describe", row)
    return redirect("admin:run", run=row.pk)


def run_log(request: HttpRequest, run: UUID) -> HttpResponse:
    """The end of a run's log; nothing while there is nothing new."""
    row = get_object_or_404(TrainingRun, pk=run)
    log = run_log_read(row)
    lively = row.status in LIVELY
    if request.GET.get("seen", "") == log[1]:
        return HttpResponse(status=204 if lively else STOP_POLLING)
    context = {"run": row, "log": log, "lively": lively}
    return render(request, "dashboard/parts/run_log.html", context)
