"""Actions on a checkpoint; each leaves an entry in the audit log."""

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _

from memory_app.core.evaluation.suites import EvaluationError
from memory_app.core.messages import quoted
from memory_app.core.model.checkpoint_zip import CARD_MAX
from memory_app.http import StaffRequest, attachment_headers
from memory_app.models import Checkpoint
from memory_app.registry import RegistryError, file_name
from memory_app.services.training.checkpoints import (
    checkpoint_card,
    checkpoint_delete,
    checkpoint_export,
    checkpoint_kept,
    checkpoint_rename,
)
from memory_app.services.training.evaluations import evaluation_ask
from memory_app.translate_messages import in_words
from memory_app.views.dashboard.checkpoints import card_html
from memory_app.views.dashboard.checkpoints import checkpoint as checkpoint_page
from memory_app.views.dashboard.confirm import Ask, ask_and_act, refuse
from memory_app.views.dashboard.evaluation_form import EvaluationForm
from memory_app.views.dashboard.page import saved


def _page(row: Checkpoint) -> str:
    return reverse("admin:checkpoint", args=[row.pk])


def checkpoint_delete_view(request: StaffRequest, checkpoint: UUID) -> HttpResponse:
    """Ask, then delete it; while it is in use, say by what."""
    row = get_object_or_404(Checkpoint, pk=checkpoint)
    # A refusal comes before the question; a use that begins meanwhile is noticed at the deletion.
    kept = checkpoint_kept(row)
    if kept is not None:
        return refuse(request, in_words(kept), _page(row))
    ask = Ask(
        title=_("Delete {name}?").format(name=quoted(row.name)),
        section="checkpoints",
        sentences=[
            _("Its weights and evaluations are deleted permanently. Its run keeps its curves."),
            _("Export it first, if you may want it again."),
        ],
        button=_("Delete the checkpoint"),
        back=_page(row),
    )
    return ask_and_act(
        request,
        ask,
        lambda: checkpoint_delete(checkpoint=row, by=request.user),
        report=_("“{name}” was deleted.").format(name=row.name),
        to=reverse("admin:checkpoints"),
    )


def checkpoint_evaluate_view(request: StaffRequest, checkpoint: UUID) -> HttpResponse:
    """Queue an exam for the worker."""
    row = get_object_or_404(Checkpoint, pk=checkpoint)
    if request.method != "POST":
        return redirect("admin:checkpoint", checkpoint=row.pk)
    form = EvaluationForm(request.POST)
    if form.is_valid():
        asked = form.cleaned_data
        try:
            evaluation_ask(
                checkpoint=row,
                suite=asked["suite"],
                n=asked["n"],
                corpora=asked["corpus"],
                by=request.user,
            )
        except EvaluationError as fault:
            form.refuse(fault)
    if form.errors:
        # The page again, with the input and its errors.
        return checkpoint_page(request, checkpoint, form.sentences)
    messages.success(request, _("Evaluation requested."))
    return redirect("admin:checkpoint", checkpoint=row.pk)


def checkpoint_card_view(request: StaffRequest, checkpoint: UUID) -> HttpResponse:
    """Store its model card."""
    row = get_object_or_404(Checkpoint, pk=checkpoint)
    if request.method != "POST":
        return redirect("admin:checkpoint", checkpoint=row.pk)
    text = request.POST.get("card", "").replace("\0", "").replace("\r\n", "\n")
    if len(text) > CARD_MAX:
        # The page again, with the input.
        wrong = {"card": _("A model card may have at most 50,000 characters.")}
        return checkpoint_page(request, checkpoint, wrong)
    checkpoint_card(checkpoint=row, text=text, by=request.user)
    return saved(request, _page(row), {"card-shown": card_html(row)})


def checkpoint_rename_view(request: StaffRequest, checkpoint: UUID) -> HttpResponse:
    """Name it; errors are shown at the field."""
    row = get_object_or_404(Checkpoint.objects.select_related("parent"), pk=checkpoint)
    if request.method != "POST":
        return redirect("admin:checkpoint", checkpoint=row.pk)
    try:
        checkpoint_rename(
            checkpoint=row,
            name=request.POST.get("name", ""),
            by=request.user,
        )
    except RegistryError as fault:
        return checkpoint_page(request, checkpoint, {"name": in_words(fault)})
    return saved(request, _page(row), {"heading": escape(row.name), "card-shown": card_html(row)})


async def _served(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Made in a thread, piece by piece: the event loop has replies to serve meanwhile."""
    following = sync_to_async(lambda: next(pieces, None), thread_sensitive=False)
    while (piece := await following()) is not None:
        yield piece


def checkpoint_export_view(request: StaffRequest, checkpoint: UUID) -> HttpResponseBase:
    """The folder as a zip."""
    row = get_object_or_404(Checkpoint, pk=checkpoint)
    try:
        pieces = checkpoint_export(checkpoint=row, by=request.user)
    except RegistryError as fault:
        messages.error(request, in_words(fault))
        return redirect("admin:checkpoint", checkpoint=row.pk)
    return StreamingHttpResponse(
        _served(pieces),
        content_type="application/zip",
        headers=attachment_headers(f"{file_name(row)}.zip"),
    )
