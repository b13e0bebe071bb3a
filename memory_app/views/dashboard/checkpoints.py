"""Checkpoints: the list, the page of one with lineage and exams, several side by side."""

from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from memory_app.core.evaluation.model_card import own_data
from memory_app.core.evaluation.suites import suites_of
from memory_app.markdown import render_markdown
from memory_app.models import Checkpoint, Corpus, EvaluationStatus, Promotion
from memory_app.services.training.checkpoints import (
    checkpoint_kept,
    checkpoint_lineage,
    roll_back_target,
    written_card,
)
from memory_app.services.training.evaluations import measures_rows
from memory_app.services.training.metrics import (
    LEAST_QUESTIONS,
    Figure,
    compared,
    figures_of,
    is_less_better,
)
from memory_app.translate_messages import in_words
from memory_app.views.dashboard import metric_labels
from memory_app.views.dashboard.compared_ids import ids_of, left_out, missing
from memory_app.views.dashboard.page import page
from memory_app.views.dashboard.runs import STOP_POLLING

PROMOTIONS, EXAMS, MOST_COMPARED = 10, 20, 8
_WAITING = (EvaluationStatus.QUEUED, EvaluationStatus.RUNNING)


def _counted(rows: QuerySet[Checkpoint]) -> QuerySet[Checkpoint]:
    return rows.annotate(chats_count=Count("chats", distinct=True))


def checkpoints(request: HttpRequest) -> HttpResponse:
    """Every checkpoint, the live ones first; the promotions, and the target of a rollback."""
    rows = list(_counted(Checkpoint.objects.order_by("-live", "-sequence")))
    languages = sorted({row.language for row in rows})
    targets = [(language, roll_back_target(language)) for language in languages]
    return page(
        request,
        "dashboard/checkpoints.html",
        title=_("Checkpoints"),
        section="checkpoints",
        checkpoints=rows,
        targets=[(language, row) for language, row in targets if row is not None],
        promotions=Promotion.objects.select_related("checkpoint", "previous", "by").order_by("-id")[
            :PROMOTIONS
        ],
    )


def _exams(checkpoint: Checkpoint) -> dict[str, Any]:
    rows = list(checkpoint.evaluations.select_related("asked_by").order_by("-id")[:EXAMS])
    return {
        "checkpoint": checkpoint,
        "exams": rows,
        **_figures(checkpoint),
        "waiting": any(row.status in _WAITING for row in rows),
    }


def _figures(checkpoint: Checkpoint) -> dict[str, Any]:
    """The latest figures, beside those of the checkpoint that its training began from."""
    own = figures_of(checkpoint)
    parent = next(iter(checkpoint_lineage(checkpoint)), None)
    theirs = figures_of(parent) if parent else {}
    shown = {path: figure for path, figure in theirs.items() if path in own}
    return {
        "figures": metric_labels.rows(compared(own, shown)),
        "heads": [checkpoint.name, *([parent.name] if parent and shown else [])],
    }


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _own_data(training: dict[str, Any]) -> list[tuple[str, str]]:
    settings = _mapping(training.get("settings"))
    shares = {key: settings.get(key) for key in ("facts", "identity")}
    sound = {key: share for key, share in shares.items() if isinstance(share, int | float)}
    return [(in_words(what), in_words(share)) for what, share in own_data(sound)]


def card_html(row: Checkpoint) -> str:
    """The card as a person wrote it; an unedited one in the reader's language."""
    # Its data and settings are elsewhere on the page.
    card = written_card(row, say=in_words, whole=False, grouped=True) or row.card
    return render_markdown(card, top_heading=3) if card else ""


def checkpoint(
    request: HttpRequest, checkpoint: UUID, errors: dict[str, str] | None = None
) -> HttpResponse:
    """One checkpoint: its origin, its figures, its actions.

    `errors` are those of the forms for an evaluation and for the model card, by field.
    """
    row = get_object_or_404(_counted(Checkpoint.objects.select_related("parent")), pk=checkpoint)
    # A config may come from anywhere: parts of another form are left out.
    training = _mapping(row.config.get("training"))
    data = row.config.get("data")
    return page(
        request,
        "dashboard/checkpoint.html",
        title=row.name,
        section="checkpoints",
        status=400 if errors else 200,
        errors=errors or {},
        card_text=request.POST.get("card", row.card),
        asked={
            "suite": request.POST.get("suite", "recall"),
            "n": request.POST.get("n", "50"),
            "corpora": request.POST.getlist("corpus"),
        },
        **_exams(row),
        roll_back=roll_back_target(row.language) if row.live else None,
        kept=in_words(kept) if (kept := checkpoint_kept(row)) else "",
        card=card_html(row),
        name=request.POST.get("name", row.name),
        lineage=list(checkpoint_lineage(row)),
        children=row.children.order_by("sequence"),
        runs=row.runs.order_by("sequence"),
        data=[part for part in data if isinstance(part, dict)] if isinstance(data, list) else [],
        own_data=_own_data(training),
        training=training,
        settings=sorted(_mapping(training.get("settings")).items()),
        suites=suites_of(row.task),
        measures_rows=measures_rows(row.task),
        least=LEAST_QUESTIONS,
        corpora=sorted(set(Corpus.objects.values_list("name", flat=True))),
        others=Checkpoint.objects.exclude(pk=row.pk).order_by("-sequence"),
    )


def checkpoint_exams(request: HttpRequest, checkpoint: UUID) -> HttpResponse:
    """The checkpoint's exams, polled while one of them waits or runs."""
    context = _exams(get_object_or_404(Checkpoint, pk=checkpoint))
    status = 200 if context["waiting"] else STOP_POLLING
    return render(request, "dashboard/parts/exams.html", context, status=status)


def checkpoints_compare(request: HttpRequest) -> HttpResponse:
    """The exams of several checkpoints side by side; the better figure of each row is marked."""
    asked = list(dict.fromkeys(request.GET.getlist("checkpoint")))
    keys = asked[:MOST_COMPARED]
    rows = list(Checkpoint.objects.filter(pk__in=ids_of(keys)).order_by("sequence"))
    figures = [figures_of(row) for row in rows]
    # In the order of the exams' parts, as everywhere.
    order = compared({path: figure for each in figures for path, figure in each.items()}, {})
    paths = metric_labels.without_doubles([row.path for row in order])
    return page(
        request,
        "dashboard/checkpoints_compare.html",
        title=_("Compare checkpoints"),
        section="checkpoints",
        checkpoints=rows,
        unevaluated=[row for row, each in zip(rows, figures, strict=True) if not each],
        missing=missing(keys, len(rows)),
        left_out=left_out(asked, MOST_COMPARED),
        others=Checkpoint.objects.exclude(pk__in=[row.pk for row in rows]).order_by("-sequence"),
        table=[
            {
                "path": metric_labels.name_of(path),
                "cells": _marked(path, [one.get(path) for one in figures]),
            }
            for path in paths
        ],
    )


def _marked(path: str, figures: list[Figure | None]) -> list[tuple[dict[str, str], bool]]:
    """Each figure as it is written, with whether it is the best of its row."""
    there = [figure.value for figure in figures if figure is not None]
    best = None
    if len(there) > 1 and min(there) != max(there):
        best = min(there) if is_less_better(path) else max(there)
    return [
        (metric_labels.cell(figure), figure is not None and figure.value == best)
        for figure in figures
    ]
