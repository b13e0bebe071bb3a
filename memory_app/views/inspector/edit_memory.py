"""The page that edits a memory by hand: which numbers, and what becomes of them."""

import math
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from memory_app import services
from memory_app.core.inspection.unit_choice import (
    UnitChoiceError,
    largest_units,
    parse_units,
)
from memory_app.core.model.state import State
from memory_app.http import TurnRequest
from memory_app.refusal import Refused
from memory_app.translate_messages import in_words_later

#: Values that "the largest" may name at most.
LARGEST_MOST = 4_096
_LISTED = 8


@dataclass(frozen=True, slots=True)
class Part:
    """One part of one layer, as the page offers it."""

    key: str
    name: str
    layer: int
    count: int
    heads: int
    norm: str
    largest: str


@never_cache
def turn_edit(request: TurnRequest, turn: UUID) -> HttpResponse:
    """GET: the form. POST: the edit as a new turn under this one; what is wrong is one sentence."""
    row = request.turn
    if not row.is_committed:
        raise Http404
    checkpoint = row.chat.checkpoint
    state = services.state_after(turn=row, checkpoint=checkpoint)
    given: dict[str, Any] = {"units": "largest", "largest": "10", "operation": "zero"}
    problem, status = "", 200
    if request.method == "POST":
        given = {name: request.POST.get(name, "") for name in _FIELDS}
        try:
            change = _change(given, state)
            services.memory_set(chat=row.chat, client_turn_id=uuid4(), turn=row.pk, change=change)
            return redirect("chat", chat=row.chat_id)
        except Refused as refused:
            problem, status = str(refused.detail), 409 if refused.code == "busy" else 400
    context = {"turn": row, "chat": row.chat, "parts": _parts(state), "given": given}
    return render(request, "edit_memory.html", context | {"problem": problem}, status=status)


_FIELDS = ("part", "units", "list", "largest", "operation", "number")


def _parts(state: State) -> list[Part]:
    """Every part of every layer; those of the last layer first, which the reply is read from."""
    parts = []
    for layer, values in reversed(list(enumerate(state.layers))):
        for name, tensor in reversed(values.items()):
            own = tensor[0]
            top = largest_units(own, _LISTED) if own.dim() == 1 else []
            parts.append(
                Part(
                    key=f"{name}.{layer}",
                    name=name,
                    layer=layer + 1,
                    count=own.numel(),
                    heads=own.shape[0] if own.dim() > 1 else 0,
                    norm=f"{float(own.norm()):.1f}",
                    largest=", ".join(f"{unit}: {own[unit]:.2f}".replace("-", "−") for unit in top),
                )
            )
    return parts


def _change(given: dict[str, Any], state: State) -> dict[str, Any]:
    """The fields as a change for `memory_set`.

    Raises:
        Refused: `invalid`, with the sentence for the form.
    """
    name, _dot, number = given["part"].rpartition(".")
    layer = int(number) if number.isdecimal() and len(number) < 4 else len(state.layers)
    if layer >= len(state.layers) or name not in state.layers[layer]:
        raise Refused("invalid", _("Choose a part of the memory."))
    own = state.layers[layer][name][0]
    units: list[Any]
    try:
        if given["units"] == "all":
            units = [None]
        elif given["units"] == "list":
            units = list(parse_units(given["list"], own.shape[0]))
        else:
            units = list(largest_units(own, _whole(given["largest"])))
    except UnitChoiceError as fault:
        raise Refused("invalid", in_words_later(fault)) from fault
    operation = given["operation"]
    if operation == "zero":
        return {"set": [[name, layer, unit, 0.0] for unit in units]}
    if operation not in ("set", "scale", "clamp"):
        raise Refused("invalid", _("Choose what to do with the values."))
    value = _number(given["number"])
    return {operation: [[name, layer, unit, value] for unit in units]}


def _whole(text: str) -> int:
    if not text.strip().isdecimal() or not 1 <= int(text[:6]) <= LARGEST_MOST:
        raise Refused("invalid", _("Choose how many of the largest values: from 1 to 4,096."))
    return int(text[:6])


def _number(text: str) -> float:
    try:
        value = float(text[:32].replace("−", "-"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Refused("invalid", _("Write a number, for example 0.5."))
    return value
