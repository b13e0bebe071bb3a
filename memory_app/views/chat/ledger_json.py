"""What the memory at the head is made of, turn by turn."""

from typing import Any
from uuid import UUID

from django.http import JsonResponse
from django.utils.translation import gettext_lazy as _

from memory_app import services
from memory_app.http import ChatRequest
from memory_app.refusal import Refused


def ledger_json(request: ChatRequest, chat: UUID) -> JsonResponse:
    """Of each layer the share of every turn; with `?history=1` also those after each turn.

    404 with a sentence for a cell whose memory is no sum over tokens.
    """
    ledger = services.chat_ledger(chat=request.chat)
    if ledger is None:
        raise Refused("not_found", _("The memory of this model’s cell is no sum over turns."))
    layers = []
    for name, layer in zip(ledger.names, ledger.layers, strict=True):
        row: dict[str, Any] = {
            "name": name,
            "turns": [
                {"turn": str(turn), "share": share}
                for turn, share in zip(ledger.turns, layer.shares, strict=True)
            ],
            "start": layer.start,
            "residual": layer.residual,
            "rounding": layer.rounding,
        }
        if request.GET.get("history") == "1":
            row["history"] = [[round(x, 6) for x in shares] for shares in layer.history]
        layers.append(row)
    return JsonResponse({"layers": layers})
