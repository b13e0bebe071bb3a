"""What the gate view draws: one gate of one layer at a time, and one unit's numbers in full."""

import json
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from memory_app import services
from memory_app.inspection import gate_map as maps
from memory_app.inspection.trace import GATES, LayeredTrace
from memory_app.models import Turn


def numbered(request: HttpRequest, name: str, below: int) -> int:
    """A query's number from 0 to `below` - 1; whatever else it is names nothing that is there."""
    text = request.GET.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) < below):
        raise Http404
    return int(text)


def traced(request: HttpRequest) -> tuple[Turn, LayeredTrace]:
    """The turn that the request is about, and its trace."""
    turn: Turn = request.turn  # type: ignore[attr-defined]
    if not turn.is_committed:
        raise Http404
    found, _ = services.turn_trace(turn=turn)
    return turn, found


def gate_map(request: HttpRequest, turn: UUID) -> HttpResponse:
    """?gate=f&layer=0: the map of the gate with the figures of the layer's units."""
    gate = request.GET.get("gate", "")
    if gate not in GATES:
        raise Http404
    row, found = traced(request)
    number = numbered(request, "layer", found.num_layers)
    layer = found.layer(number)
    data = maps.gate_map(layer, gate).to_safetensors(
        maps.unit_figures(layer),
        {
            "turn": str(row.pk),
            "gate": gate,
            "layer": str(number),
            "saturation": json.dumps(maps.saturation(layer)),
        },
    )
    return HttpResponse(data, content_type="application/octet-stream")


def unit_json(request: HttpRequest, turn: UUID) -> JsonResponse:
    """?layer=0&unit=7: every gate of one unit over the tokens, as float32 has it."""
    _, found = traced(request)
    number = numbered(request, "layer", found.num_layers)
    unit = numbered(request, "unit", found.model.config.hidden_size)
    layer = found.layer(number)
    gates = {gate: layer[gate][:, unit].tolist() for gate in GATES}
    return JsonResponse({"layer": number, "unit": unit, "gates": gates})
