"""The timeline of a chat's memory: the page, and its numbers."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.text import Truncator

from memory_app import services
from memory_app.change_notes import change_note
from memory_app.core.inspection.timeline import LayerTimeline
from memory_app.core.number_text import whole_number
from memory_app.http import ChatRequest
from memory_app.models import Turn
from memory_app.views.cell_json import checkpoint_to_page

_LABEL = 60  # characters of a message
_DIGITS = 6  # of a distance: more than a picture shows


def _until(request: ChatRequest) -> int | None:
    """?until=40: the number of the last turn that is shown; None where the query names none."""
    if "until" not in request.GET:
        return None
    number = whole_number(request.GET["until"], 1_000_000)
    if number is None:
        raise Http404
    return number


def _rounded(values: list[float]) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values]


def _turn(turn: Turn, number: int) -> dict[str, Any]:
    text = turn.user_text if turn.is_talk else change_note(turn)
    label = Truncator(" ".join(text.split())).chars(_LABEL)
    return {"turn": str(turn.pk), "number": number, "kind": turn.kind, "label": label}


def _layer(layer: LayerTimeline) -> dict[str, Any]:
    return {
        "norms": _rounded(layer.norms),
        "moved": _rounded(layer.moved),
        "distances": [_rounded(row) for row in layer.distances.tolist()],
        "path": [_rounded(point) for point in layer.path.tolist()],
        "explained": _rounded(list(layer.explained)),
    }


def timeline_json(request: ChatRequest, chat: UUID) -> JsonResponse:
    """The branch of the head, turn by turn; `?until=N`: up to its N-th turn."""
    row = request.chat
    try:
        found = services.chat_timeline(chat=row, until=_until(request))
    except IndexError as error:
        raise Http404 from error
    return JsonResponse(
        {
            "head": str(row.head_id) if row.head_id else None,
            "first": found.first,
            "last": found.last,
            "total": found.total,
            "turns": [
                _turn(turn, number) for turn, number in zip(found.turns, found.numbers, strict=True)
            ],
            "damaged": [str(turn.pk) for turn in found.damaged],
            "layers": [_layer(layer) for layer in found.layers],
        }
    )


def timeline(request: ChatRequest, chat: UUID) -> HttpResponse:
    """The page, which asks for the numbers."""
    row = request.chat
    until = _until(request)
    page = {"chat": str(row.pk), "until": until, "most": services.TIMELINE_MOST}
    checkpoint = checkpoint_to_page(row.checkpoint)
    page["hue"] = checkpoint["memory_hue"]
    context = {
        "chat": row,
        "checkpoint": row.checkpoint,
        "memory": checkpoint["memory_part"],
        "memory_label": checkpoint["memory_label"],
        "layers": range(1, row.checkpoint.num_layers + 1),
        "page": page,
    }
    return render(request, "timeline.html", context)
