"""The data of the gate view: one gate of one layer at a time, and one unit's numbers in full."""

from urllib.parse import quote
from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control

from memory_app import services
from memory_app.core.inspection import gate_map as maps
from memory_app.core.inspection.trace_queries import AnyTrace, map_file, matrix_file, unit_values
from memory_app.core.inspection.windows import window_count
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.number_text import whole_number
from memory_app.http import TurnRequest
from memory_app.models import Turn


def numbered(request: TurnRequest, name: str, below: int) -> int:
    """A query's number from 0 to `below` - 1, else 404."""
    number = whole_number(request.GET.get(name, ""), below - 1)
    if number is None:
        raise Http404
    return number


def known(request: TurnRequest, version: str) -> HttpResponseBase | None:
    """304 where the browser has these numbers of the turn already; then nothing is replayed.

    A committed turn never changes, so its hash identifies everything that is computed from it. The
    browser revalidates every time (`no-cache` in `kept`), since the server decides who may see it.
    """
    turn = request.turn
    if not turn.has_trace:
        raise Http404
    unmodified = get_conditional_response(request, etag=_etag(turn, version))
    return kept(unmodified, turn, version) if unmodified is not None else None


def kept(answer: HttpResponseBase, turn: Turn, version: str) -> HttpResponseBase:
    """The answer, with the headers by which `known` recognises it the next time."""
    answer["ETag"] = _etag(turn, version)
    patch_cache_control(answer, private=True, no_cache=True)
    return answer


def _etag(turn: Turn, version: str) -> str:
    return f'"{turn.state_sha256}-{version}"'


def numbered_window(request: TurnRequest) -> int | None:
    """?window=2, from 1: the requested window; None where the query names none."""
    if "window" not in request.GET:
        return None
    turn = request.turn
    model = services.chat_model(sha256=turn.chat.checkpoint.sha256)
    ids = model.tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids)
    number = numbered(request, "window", window_count(len(ids)) + 1)
    if number == 0:
        raise Http404
    return number


def traced(request: TurnRequest) -> tuple[AnyTrace, Checkpoint, int]:
    """The trace of the request's turn, or of the window that it names.

    With its model, and the place of its first token in the turn.
    """
    turn = request.turn
    if not turn.has_trace:
        raise Http404
    number = numbered_window(request)
    if number is None:
        trace, model = services.turn_trace(turn=turn)
        return trace, model, 0
    trace, model, window = services.turn_window_trace(turn=turn, number=number)
    return trace, model, window.first


def gate_map(request: TurnRequest, turn: UUID) -> HttpResponseBase:
    """?gate=f&layer=0: the map of the gate with the figures of the layer's units; &window=1."""
    row = request.turn
    gate = request.GET.get("gate", "")
    number = numbered(request, "layer", row.chat.checkpoint.num_layers)
    if gate not in row.chat.checkpoint.model_config.layer_gates(number):
        raise Http404
    window = numbered_window(request) if row.has_trace else None
    version = f"map{maps.MAP_FORMAT_VERSION}" + (f"-window{window}" if window else "")
    if (same := known(request, version)) is not None:
        return same
    trace, _, first = traced(request)
    metadata = {"turn": str(row.pk), "gate": gate, "layer": str(number)}
    if window:
        metadata["first"] = str(first)
    data = map_file(trace, number, gate, metadata)
    return kept(HttpResponse(data, content_type="application/octet-stream"), row, version)


def unit_json(request: TurnRequest, turn: UUID) -> JsonResponse:
    """?layer=0&unit=7: every gate of one unit over the tokens, as float32 has it; &window=1."""
    trace, _, _ = traced(request)
    number = numbered(request, "layer", trace.num_layers)
    config = trace.model.config
    unit = numbered(request, "unit", config.kind.unit_count(config, number))
    gates = unit_values(trace, number, unit)
    return JsonResponse({"layer": number, "unit": unit, "gates": gates})


def matrix(request: TurnRequest, turn: UUID) -> HttpResponseBase:
    """?layer=2&token=7: a layer's matrices after that token of what is shown; &window=1."""
    row = request.turn
    config = row.chat.checkpoint.model_config
    number = numbered(request, "layer", config.num_layers)
    # Its read-out is computed by the cell's fast form, which can't hold gates.
    if not config.memory_of(number).matrix or row.hold:
        raise Http404
    window = numbered_window(request) if row.has_trace else None
    text = request.GET.get("token", "")[:10]
    version = f"matrix{maps.MAP_FORMAT_VERSION}-{number}-{quote(text)}-{window or ''}"
    if (same := known(request, version)) is not None:
        return same
    trace, _, _ = traced(request)
    token = numbered(request, "token", len(trace.ids))
    data = matrix_file(trace, number, token, {"turn": str(row.pk), "layer": str(number)})
    return kept(HttpResponse(data, content_type="application/octet-stream"), row, version)
