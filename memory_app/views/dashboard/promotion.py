"""Promote and roll back: the change is described, with both models' figures, beforehand."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from memory_app import registry
from memory_app.core.messages import quoted
from memory_app.core.model.checkpoint_format import MODEL_FILE
from memory_app.http import StaffRequest
from memory_app.languages import language_name
from memory_app.models import Chat, Checkpoint, RunSample
from memory_app.services.training.checkpoints import (
    checkpoint_promote,
    checkpoint_roll_back,
    roll_back_target,
)
from memory_app.services.training.metrics import (
    LEAST_QUESTIONS,
    Doubt,
    compared,
    doubt_of,
    figures_of,
    recall_in_training,
)
from memory_app.translate_messages import in_words
from memory_app.views.dashboard import metric_labels
from memory_app.views.dashboard.confirm import Ask, confirm, confirmed

#: Figures that a sentence names.
NAMED = 6


def _live(language: str) -> Checkpoint | None:
    return Checkpoint.objects.filter(language=language, live=True).first()


def _change(new: Checkpoint, live: Checkpoint | None) -> list[str]:
    """The change, in words."""
    language = language_name(new.language)
    if live is None:
        change = _("New chats in {language} use {new}. Until now no checkpoint was live for them.")
        return [change.format(language=language, new=quoted(new.name))]
    change = _("New chats in {language} use {new} instead of {live}, at once and for all users.")
    n = Chat.objects.filter(checkpoint=live, deleted=None).count()
    stay = ngettext("The {n} chat on {live} stays on it.", "The {n} chats on {live} stay on it.", n)
    return [
        change.format(language=language, new=quoted(new.name), live=quoted(live.name)),
        stay.format(n=f"{n:,}", live=quoted(live.name))
        if n
        else _("No chat is on {live}.").format(live=quoted(live.name)),
    ]


def _doubts(new: Checkpoint, doubt: Doubt) -> list[str]:
    doubts = []
    if doubt.unexamined and (measured := metric_labels.shares(recall_in_training(new))):
        reason = _(
            "{new} has not been evaluated. All that is known of its memory are the few questions "
            "that its run asked at its last step: {shares}."
        )
        doubts.append(reason.format(new=quoted(new.name), shares=measured))
    elif doubt.unexamined:
        reason = _("{new} has not been evaluated, so what it remembers is unknown.")
        doubts.append(reason.format(new=quoted(new.name)))
    if doubt.too_few is not None:
        reason = ngettext(
            "{new} was evaluated with {n} question per test. That is too few to tell how well it "
            "remembers: at least {least} are needed.",
            "{new} was evaluated with {n} questions per test. That is too few to tell how well it "
            "remembers: at least {least} are needed.",
            doubt.too_few,
        )
        doubts.append(reason.format(new=quoted(new.name), n=doubt.too_few, least=LEAST_QUESTIONS))
    if doubt.worse:
        # Translators: separates names that may contain commas.
        names = _("; ").join(metric_labels.name_of(one.path) for one in doubt.worse[:NAMED])
        n = len(doubt.worse)
        reason = (
            ngettext(
                "It is worse than the live one in {n} figure: {names}.",
                "It is worse than the live one in {n} figures: {names}.",
                n,
            )
            if n <= NAMED
            else _("It is worse than the live one in {n} figures, among them {names}.")
        )
        doubts.append(reason.format(n=n, names=names))
    return doubts


def _size(row: Checkpoint) -> int | None:
    try:
        return (registry.folder_of(row.sha256) / MODEL_FILE).stat().st_size
    except OSError:
        return None


def _samples(row: Checkpoint) -> list[Any]:
    sample = RunSample.objects.filter(run__checkpoint=row).order_by("-step").first()
    exchanges = sample.exchanges if sample else []
    return exchanges if isinstance(exchanges, list) else []


def _ask_with_figures(
    request: StaffRequest, ask: Ask, new: Checkpoint, live: Checkpoint | None
) -> HttpResponse:
    rows = [new, *([live] if live else [])]
    figures = [figures_of(row) for row in rows]
    table = compared(figures[0], figures[1] if live else {})
    namesake = Checkpoint.objects.filter(name=new.name).exclude(pk=new.pk).exists()
    return confirm(
        request,
        ask,
        "dashboard/promote.html",
        # A name that others have too says nothing about which of them it is.
        which=str(new) if namesake else "",
        checkpoint=new,
        rows=rows,
        sizes=[_size(row) for row in rows],
        recalls=[metric_labels.shares(recall_in_training(row)) for row in rows],
        heads=[row.name for row in rows],
        figures=metric_labels.rows(table),
        # The table shows whether it is better: without the other's figures none is worse.
        unevaluated=bool(doubt_of(figures[0], {})),
        samples=[
            {"name": row.name, "exchanges": _samples(row), "trained_here": row.runs.exists()}
            for row in rows
        ],
    )


def checkpoint_promote_view(request: StaffRequest, checkpoint: UUID) -> HttpResponse:
    """Ask, then make it live: new chats use it at once."""
    row = get_object_or_404(Checkpoint, pk=checkpoint)
    live = _live(row.language)
    at = redirect("admin:checkpoint", checkpoint=row.pk)
    if live is not None and live.pk == row.pk:
        messages.warning(request, _("“{name}” is already live.").format(name=row.name))
        return at
    doubt = doubt_of(figures_of(row), figures_of(live) if live else {})
    ask = Ask(
        title=_("Promote {name}?").format(name=quoted(row.name)),
        section="checkpoints",
        sentences=[*_change(row, live), *_doubts(row, doubt)],
        button=_("Promote"),
        back=reverse("admin:checkpoint", args=[row.pk]),
        danger=bool(doubt),
        typed=row.name if doubt else "",
    )
    if row.serves_chats and not confirmed(request, ask):
        return _ask_with_figures(request, ask, row, live)
    try:
        checkpoint_promote(checkpoint=row, by=request.user)
        change = _("“{name}” is live. New chats use it; existing chats keep theirs.")
        messages.success(request, change.format(name=row.name))
    except registry.RegistryError as fault:
        messages.error(request, in_words(fault))
    return at


def checkpoint_roll_back_view(request: StaffRequest) -> HttpResponse:
    """Ask, then make the previous one live again."""
    asks = request.method != "POST"
    data = request.GET if asks else request.POST
    language = data.get("language", "")
    target = roll_back_target(language)
    if target is None:
        messages.error(request, _("There is no earlier checkpoint to roll back to."))
        return redirect("admin:checkpoints")
    # A promotion meanwhile would change the target: then the shown one isn't it any more.
    if asks or data.get("target", str(target.pk)) != str(target.pk):
        live = _live(language)
        ask = Ask(
            title=_("Roll back to {name}?").format(name=quoted(target.name)),
            section="checkpoints",
            sentences=_change(target, live),
            button=_("Roll back"),
            back=reverse("admin:checkpoints"),
            danger=False,
            action=reverse("admin:checkpoint_roll_back"),
            hidden={"language": language, "target": str(target.pk)},
        )
        return _ask_with_figures(request, ask, target, live)
    try:
        done = checkpoint_roll_back(language=language, by=request.user)
        change = _("Rolled back. “{name}” is live again.")
        messages.success(request, change.format(name=done.checkpoint.name))
    except registry.RegistryError as fault:
        messages.error(request, in_words(fault))
    return redirect("admin:checkpoints")
