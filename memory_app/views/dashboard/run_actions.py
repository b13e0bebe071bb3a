"""Actions of staff on a run; each leaves an entry in the audit log."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _

from memory_app.core.messages import quoted
from memory_app.http import StaffRequest
from memory_app.models import ENDED, RunStatus, TrainingRun
from memory_app.registry import RegistryError
from memory_app.services.operations.audit import audit_record
from memory_app.services.training.checkpoints import checkpoint_rename
from memory_app.services.training.run_error import RunError
from memory_app.services.training.run_log import run_log_read
from memory_app.services.training.runs import (
    run_archive,
    run_cancel,
    run_delete,
    run_describe,
    run_pause,
    run_resume,
)
from memory_app.translate_messages import in_words
from memory_app.views.dashboard.confirm import Ask, ask_and_act, refuse
from memory_app.views.dashboard.describe_form import DescribeForm
from memory_app.views.dashboard.page import saved
from memory_app.views.dashboard.runs import LIVELY, STOP_POLLING
from memory_app.views.dashboard.runs import run as run_page

_ASK = {"pause": run_pause, "resume": run_resume}


def _page(row: TrainingRun) -> str:
    return reverse("admin:run", args=[row.pk])


def _record(request: StaffRequest, what: str, row: TrainingRun, **detail: Any) -> None:
    audit_record(user=request.user, action=f"run.{what}", object=f"{row} ({row.pk})", detail=detail)


def _act(request: StaffRequest, what: str, row: TrainingRun, act: Callable[..., bool]) -> None:
    """Do it and record it.

    Raises:
        RunError: it can't be done, or the run's status has changed since the page was shown.
    """
    if not act(run=row):
        raise RunError("This is no longer possible: the run’s status has changed.")
    _record(request, what, row)


def run_ask(request: StaffRequest, run: UUID, what: str) -> HttpResponse:
    """Pause or resume a run, and go back to its page."""
    row = get_object_or_404(TrainingRun, pk=run)
    try:
        _act(request, what, row, _ASK[what])
    except RunError as fault:
        return refuse(request, in_words(fault), _page(row))
    pause, resume = _("Pause requested for “{name}”."), _("Resume requested for “{name}”.")
    report = (pause if what == "pause" else resume).format(name=row.name)
    messages.success(request, report)
    return redirect("admin:run", run=row.pk)


def run_cancel_view(request: StaffRequest, run: UUID) -> HttpResponse:
    """Ask, then cancel a run, and go back to its page."""
    row = get_object_or_404(TrainingRun, pk=run)
    if row.status not in (*LIVELY, RunStatus.PAUSED):
        return refuse(request, _("The run has ended: there is nothing to cancel."), _page(row))
    ask = Ask(
        title=_("Cancel {name}?").format(name=quoted(row.name)),
        section="runs",
        sentences=[
            _("It ends within seconds and leaves no checkpoint."),
            _("It can be resumed from its last save, if it has one."),
        ]
        if row.started
        else [_("It has not started yet. It leaves the queue and can be started again later.")],
        button=_("Cancel the run"),
        back=_page(row),
    )
    report = _("Cancellation requested for “{name}”.").format(name=row.name)
    return ask_and_act(
        request, ask, lambda: _act(request, "cancel", row, run_cancel), report=report
    )


def run_delete_view(request: StaffRequest, run: UUID) -> HttpResponse:
    """Ask, then delete an ended run."""
    row = get_object_or_404(TrainingRun.objects.select_related("checkpoint"), pk=run)
    if row.status not in ENDED:
        reason = _("A run that has not ended can’t be deleted: cancel it first.")
        return refuse(request, reason, _page(row))
    stays = (
        _("Its checkpoint {name} stays.").format(name=quoted(row.checkpoint.name))
        if row.checkpoint
        else _("It has created no checkpoint and can no longer be resumed.")
    )
    ask = Ask(
        title=_("Delete {name}?").format(name=quoted(row.name)),
        section="runs",
        sentences=[_("Its curves, sample replies, log and saves are deleted permanently."), stays],
        button=_("Delete the run"),
        back=_page(row),
    )
    return ask_and_act(
        request,
        ask,
        lambda: _act(request, "delete", row, run_delete),
        report=_("“{name}” was deleted.").format(name=row.name),
        to=reverse("admin:runs"),
    )


def run_archive_view(request: StaffRequest, run: UUID) -> HttpResponse:
    """Leave an ended run out of the list, or return it."""
    row = get_object_or_404(TrainingRun, pk=run)
    archived = request.POST.get("archived") != "0"
    if not run_archive(run=row, archived=archived):
        return refuse(request, _("A run that has not ended stays in the list."), _page(row))
    if archived != row.archived:
        _record(request, "archive" if archived else "unarchive", row)
    report = _("“{name}” was archived.") if archived else _("“{name}” was put back in the list.")
    messages.success(request, report.format(name=row.name))
    return redirect("admin:run", run=row.pk)


def run_describe_view(request: StaffRequest, run: UUID) -> HttpResponse:
    """Name a run, and its checkpoint if requested, and store a note about it.

    Errors are shown at their fields, on the run's page.
    """
    row = get_object_or_404(TrainingRun.objects.select_related("checkpoint__parent"), pk=run)
    if request.method != "POST":
        return redirect("admin:run", run=row.pk)
    form = DescribeForm(request.POST)
    form.is_valid()  # nothing typed is wrong by itself
    name, note, with_checkpoint = (form.cleaned_data[key] for key in form.fields)
    before = row.name, row.note
    try:
        with transaction.atomic():
            if run_describe(run=row, name=name, note=note):
                _record(request, "describe", row, **_changes(row, *before))
            if with_checkpoint and row.checkpoint is not None:
                checkpoint_rename(checkpoint=row.checkpoint, name=name, by=request.user)
    except (RunError, RegistryError) as fault:
        form.refuse(fault)
        return run_page(request, run, form)
    label = render_to_string("dashboard/parts/run_checkpoint_label.html", {"run": row}, request)
    parts = {"heading": escape(row.name), "checkpoint-label": label}
    return saved(request, _page(row), parts)


def _changes(row: TrainingRun, name: str, note: str) -> dict[str, Any]:
    """The details of an audit entry: both names of a renamed run; a note's text stays out."""
    renamed = {"name": f"{name} → {row.name}"} if name != row.name else {}
    return {**renamed, **({"fields": ["note"]} if note != row.note else {})}


def run_log(request: StaffRequest, run: UUID) -> HttpResponse:
    """The end of a run's log; empty while there is nothing new."""
    row = get_object_or_404(TrainingRun, pk=run)
    log = run_log_read(row)
    lively = row.status in LIVELY
    if lively and request.GET.get("seen", "") == log[1]:
        return HttpResponse(status=204)
    context = {"run": row, "log": log, "lively": lively}
    status = 200 if lively else STOP_POLLING
    return render(request, "dashboard/parts/run_log.html", context, status=status)
