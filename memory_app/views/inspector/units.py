"""The units of a checkpoint: a list by layer, a page for each, and notes on them."""

import csv
import io
import math
from typing import Any
from uuid import UUID

import numpy as np
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from memory_app import services
from memory_app.core.inspection.unit_contexts import extremes, timescales
from memory_app.core.inspection.unit_index import UnitIndex
from memory_app.core.number_text import whole_number
from memory_app.http import PersonRequest, attachment_headers
from memory_app.models import Checkpoint, UnitNote
from memory_app.refusal import Refused
from memory_app.services.chat.unit_index import OwnText, own_text, reference_index
from memory_app.services.chat.units import note_text, note_write
from memory_app.views.inspector.unit_words import (
    coloured,
    gate_words,
    histogram,
    layer_number,
    page_context,
    shown_checkpoint,
)

_ROWS = 60  # units on one page
SORTS = ("timescale", "number", "write", "keep", "size")


def _figures(checkpoint: Checkpoint, number: int, index: UnitIndex) -> list[dict[str, Any]]:
    """A row a unit: its number, timescale, the means of its gates and of |value|."""
    layer, memory = index.layers[number], checkpoint.model_config.memory_of(number)
    scales = timescales(checkpoint.model_config, number, layer)
    missing = [None] * layer.units
    write = layer.means[memory.write].tolist() if memory.write else missing
    keep = layer.means[memory.keep].tolist() if memory.keep else missing
    timescale = scales.tolist() if scales is not None else missing
    return [
        {"number": k, "timescale": timescale[k], "write": write[k], "keep": keep[k], "size": size}
        for k, size in enumerate(layer.means["size"].tolist())
    ]


def _sorted(rows: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    if sort == "number":
        return rows
    return sorted(rows, key=lambda row: -(row[sort] if row[sort] is not None else -math.inf))


@never_cache
def units(request: PersonRequest, checkpoint: UUID) -> HttpResponse:
    """?layer=2&sort=timescale&page=1: the units of a layer; &format=csv: all of them as a file."""
    row = shown_checkpoint(request, checkpoint)
    given = whole_number(request.GET.get("layer", str(row.num_layers)), 1000)
    number = layer_number(row, given or 0)
    sort = request.GET.get("sort", SORTS[0])
    if sort not in SORTS:
        raise Http404
    index = reference_index(checkpoint=row)
    context = page_context(row, number) | {"sort": sort, "index": index}
    if index is not None:
        layer = index.layers[number]
        rows = _sorted(_figures(row, number, index), sort)
        if request.GET.get("format") == "csv":
            return _csv(row, number, rows)
        page = Paginator(rows, _ROWS).get_page(request.GET.get("page"))
        noted = UnitNote.objects.filter(person=request.person, checkpoint=row, layer=number)
        context |= {
            "rows": page,
            "pages": page.paginator.get_elided_page_range(page.number),
            "units": layer.units,
            "gate": gate_words(row, number, layer.gate),
            "histogram": histogram(row, number, layer),
            "noted": {note.unit: note.text for note in noted},
        }
    return render(request, "units.html", context)


def _csv(checkpoint: Checkpoint, number: int, rows: list[dict[str, Any]]) -> HttpResponse:
    out = io.StringIO()
    writer = csv.DictWriter(out, ["number", "timescale", "write", "keep", "size"])
    writer.writeheader()
    writer.writerows(rows)
    headers = attachment_headers(f"{checkpoint.name}-layer-{number + 1}-units.csv")
    return HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _unit(
    request: PersonRequest, checkpoint: UUID, layer: int, unit: int
) -> tuple[Checkpoint, int]:
    """The checkpoint and the layer's place from 0; 404 where there is no such unit."""
    row = shown_checkpoint(request, checkpoint)
    number = layer_number(row, layer)
    config = row.model_config
    if unit >= config.kind.unit_count(config, number):
        raise Http404
    return row, number


def _contexts(
    checkpoint: Checkpoint, number: int, index: UnitIndex, unit: int, own: OwnText | None = None
) -> dict[str, Any]:
    """Where the unit's value is highest and lowest, as lines of coloured tokens."""
    layer = index.layers[number]
    tokenizer = services.chat_model(sha256=checkpoint.sha256).tokenizer

    def lines(highest: bool) -> list[dict[str, Any]]:
        return [
            {
                "value": f"{place.value:.2f}".replace("-", "−"),
                "tokens": coloured(
                    tokenizer, index, layer, unit, place.first, place.stop, place.token
                ),
                "turn": own.turns[index.stretch_of(place.token)] if own else None,
            }
            for place in extremes(index, layer, unit, highest=highest)
        ]

    signed = bool((np.asarray(layer.steps[unit]) < 0).any())
    return {"highest": lines(True), "lowest": lines(False) if signed else []}


@never_cache
def unit(request: PersonRequest, checkpoint: UUID, layer: int, unit: int) -> HttpResponse:
    """One unit: figures, where it is most active in the reference text, the person's note."""
    row, number = _unit(request, checkpoint, layer, unit)
    return _unit_page(request, row, number, unit)


def _unit_page(
    request: PersonRequest, row: Checkpoint, number: int, unit: int, problem: str = "",
    text: str | None = None,
) -> HttpResponse:  # fmt: skip
    person = request.person
    if person is None:
        raise Http404
    index = reference_index(checkpoint=row)
    context = page_context(row, number) | {"unit": unit, "index": index, "problem": problem}
    if text is None:
        text = note_text(person=person, checkpoint=row, layer=number, unit=unit)
    context |= {"note": text, "longest": UnitNote.LONGEST}
    if index is not None:
        own = index.layers[number]
        figures = _figures(row, number, index)
        longer = sum((one["timescale"] or 0) > (figures[unit]["timescale"] or 0) for one in figures)
        context |= _contexts(row, number, index, unit) | {
            "figures": figures[unit],
            "rank": longer + 1,
            "units": own.units,
            "gate": gate_words(row, number, own.gate),
            "histogram": histogram(row, number, own, unit),
            "previous": unit - 1 if unit else None,
            "next": unit + 1 if unit + 1 < own.units else None,
        }
    return render(request, "unit.html", context, status=400 if problem else 200)


@never_cache
def unit_turns(request: PersonRequest, checkpoint: UUID, layer: int, unit: int) -> HttpResponse:
    """The same unit in the person's own turns, as a part of its page."""
    row, number = _unit(request, checkpoint, layer, unit)
    if request.person is None:
        raise Http404
    context = page_context(row, number) | {"unit": unit, "own": None}
    own = own_text(person=request.person, checkpoint=row)
    if own is not None:
        context |= {"own": own} | _contexts(row, number, own.index, unit, own)
    return render(request, "parts/unit_turns.html", context)


def unit_note(request: PersonRequest, checkpoint: UUID, layer: int, unit: int) -> HttpResponse:
    """Keep the person's note; GET, after a refused one, leads back to the page."""
    row, number = _unit(request, checkpoint, layer, unit)
    page = redirect("unit", checkpoint=row.pk, layer=layer, unit=unit)
    if request.method != "POST" or request.person is None:
        return page
    text = request.POST.get("text", "")
    try:
        note_write(person=request.person, checkpoint=row, layer=number, unit=unit, text=text)
    except Refused as refused:
        return _unit_page(request, row, number, unit, str(refused.detail), text)
    return page
