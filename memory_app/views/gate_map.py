"""What the gate view draws: one gate of one layer at a time, and one unit's numbers in full."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control

from memory_app import services
from memory_app.inspection import gate_map as maps
from memory_app.inspection.questions import AnyTrace, map_file, unit_values
from memory_app.inspection.trace import GATES
from memory_app.models import Turn


def numbered(request: HttpRequest, name: str, below: int) -> int:
    """A query's number from 0 to `below` - 1; whatever else it is names nothing that is there."""
    text = request.GET.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) < below):
        raise Http404
    return int(text)


def known(request: HttpRequest, version: str) -> HttpResponseBase | None:
    """304 where the browser has these numbers of the turn already; then nothing is replayed.

    A committed turn never changes, so its hash names everything that is computed from it. A browser
    asks every time all the same (`no-cache` in `kept`): who may see it is not the browser's matter.
    """
    turn: Turn = request.turn  # type: ignore[attr-defined]
    if not turn.is_committed:
        raise Http404
    found = get_conditional_response(request, etag=_etag(turn, version))
    return kept(found, turn, version) if found is not None else None


def kept(answer: HttpResponseBase, turn: Turn, version: str) -> HttpResponseBase:
    """The answer, with what makes `known` say so of it the next time."""
    answer["ETag"] = _etag(turn, version)
    patch_cache_control(answer, private=True, no_cache=True)
    return answer


def _etag(turn: Turn, version: str) -> str:
    return f'"{turn.state_sha256}-{version}"'


def traced(request: HttpRequest) -> tuple[Turn, AnyTrace]:
    """The turn that the request is about, and its trace."""
    turn: Turn = request.turn  # type: ignore[attr-defined]
    if not turn.is_committed:
        raise Http404
    found, _ = services.turn_trace(turn=turn)
    return turn, found


def gate_map(request: HttpRequest, turn: UUID) -> HttpResponseBase:
    """?gate=f&layer=0: the map of the gate with the figures of the layer's units."""
    gate = request.GET.get("gate", "")
    layers = request.turn.chat.checkpoint.num_layers  # type: ignore[attr-defined]
    number = numbered(request, "layer", layers)
    if gate not in GATES:
        raise Http404
    version = f"map{maps.MAP_FORMAT_VERSION}"
    if (same := known(request, version)) is not None:
        return same
    row, found = traced(request)
    metadata = {"turn": str(row.pk), "gate": gate, "layer": str(number)}
    data = map_file(found, number, gate, metadata)
    return kept(HttpResponse(data, content_type="application/octet-stream"), row, version)


def unit_json(request: HttpRequest, turn: UUID) -> JsonResponse:
    """?layer=0&unit=7: every gate of one unit over the tokens, as float32 has it."""
    _, found = traced(request)
    number = numbered(request, "layer", found.num_layers)
    unit = numbered(request, "unit", found.model.config.hidden_size)
    gates = unit_values(found, number, unit)
    return JsonResponse({"layer": number, "unit": unit, "gates": gates})
