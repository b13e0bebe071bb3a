"""What the Lab's views share: who asks for which checkpoint, texts that are text, refusals."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from memory_app.core.number_text import whole_number
from memory_app.http import PersonRequest
from memory_app.models import Checkpoint
from memory_app.refusal import Refused
from memory_app.services.lab.checkpoints import task_checkpoint, task_checkpoints
from memory_app.views.cell_json import cell_to_page

_STATUS = {"invalid": 400, "too_long": 400, "not_found": 404, "unavailable": 503}


def asks_as_staff(request: PersonRequest) -> bool:
    """Whether checkpoints other than the page's own may be asked for."""
    return request.user.is_staff and request.user.is_active


def asked_checkpoint(request: PersonRequest, task: str, absent: Any) -> Checkpoint:
    """The checkpoint that `checkpoint` names, or the one that the page opens with.

    Raises:
        Refused: there is none; with the sentence `absent`.
    """
    data = request.POST if request.method == "POST" else request.GET
    key = data.get("checkpoint", "")[:64]
    return task_checkpoint(task, key=key, staff=asks_as_staff(request), absent=absent)


def check_text(text: str) -> str:
    """The text itself. Raises Refused for what no text contains."""
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise Refused("invalid", _("This isn’t text: it contains a NUL or half a character."))
    return text


def asked_gate(request: PersonRequest, row: Checkpoint) -> tuple[int, str]:
    """`layer` and `gate` of the request. Raises Http404 where the checkpoint has none of them."""
    layer = whole_number(request.POST.get("layer", ""), row.num_layers - 1)
    gate = request.POST.get("gate", "")
    if layer is None or gate not in row.model_config.layer_gates(layer):
        raise Http404
    return layer, gate


def map_answer(data: bytes) -> HttpResponse:
    """A map of the gate view."""
    return HttpResponse(data, content_type="application/octet-stream")


def refusal(refused: Refused) -> JsonResponse:
    """{"error": one sentence} with the status of its code."""
    status = _STATUS.get(refused.code, 400)
    return JsonResponse({"error": str(refused.detail)}, status=status)


def refused_page(request: PersonRequest, template: str, refused: Refused) -> HttpResponse:
    """A page that says why there is nothing on it."""
    status = _STATUS.get(refused.code, 400)
    return render(request, template, {"problem": str(refused.detail)}, status=status)


def page_context(request: PersonRequest, row: Checkpoint, task: str) -> Mapping[str, Any]:
    """What every page of a task shows: its checkpoint, the others for staff, and the cell."""
    cell = cell_to_page(row.model_config)
    return {
        "checkpoint": row,
        "checkpoints": task_checkpoints(task) if asks_as_staff(request) else [],
        "cell": cell,
        "cell_json": json.dumps(cell),
        "gates": cell["layers"][-1]["gates"],
        "layers": range(1, row.num_layers + 1),
    }
