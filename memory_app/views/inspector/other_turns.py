"""The turns that one turn can be compared with, and what their final states differ in."""

import re
from typing import Any
from uuid import UUID

from django.http import Http404, JsonResponse
from django.utils.text import Truncator

from memory_app import services
from memory_app.core.inspection.alignment import align
from memory_app.core.inspection.long_trace import LONG
from memory_app.core.inspection.state_difference import state_difference
from memory_app.core.inspection.windows import window_count
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.http import TurnRequest
from memory_app.models import Person, Turn, TurnKind

_RECENT = 30  # turns in the list
_LABEL = 48  # characters of a message
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


def _own(person: Person | None, turn: Turn) -> Any:
    """The person's other turns on the same checkpoint that can be traced, the last one first."""
    return (
        Turn.objects.of(person)
        .committed()
        .filter(chat__checkpoint=turn.chat.checkpoint_id, kind=TurnKind.TALK)
        .exclude(pk=turn.pk)
        .order_by("-chat__activity", "-position")
        .defer("state", "given")
    )


def address_of(text: str) -> UUID | None:
    """The turn's id in a pasted address: the first after `/turn/`, or the first there is."""
    found = _UUID.search(text[max(0, text.find("/turn/")) :][:2000])
    return UUID(found[0]) if found else None


def other_turn(person: Person | None, turn: Turn, pk: UUID | None) -> Turn | None:
    """The turn of this id, if it is one's own and on the same checkpoint."""
    return _own(person, turn).select_related("chat").filter(pk=pk).first() if pk else None


def _entry(turn: Turn, tokenizer: Tokenizer) -> dict[str, Any] | None:
    """None for a very long turn, which is shown in windows: those have no common axis."""
    if window_count(len(tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids))) > 1:
        return None
    label = Truncator(" ".join(turn.user_text.split())).chars(_LABEL)
    chat = Truncator(turn.chat.title).chars(24)
    return {
        "id": str(turn.pk),
        "own": False,
        "aligned": True,
        "windowed": False,
        "label": label,
        "chat": chat,
    }


def other_turns(
    person: Person | None, turn: Turn, tokenizer: Tokenizer, given: Turn | None, without: set[str]
) -> list[dict[str, Any]]:
    """Recent turns of one's own to compare with, `given` first, without those listed elsewhere."""
    rows = list(_own(person, turn).select_related("chat")[:_RECENT])
    if given is not None:
        rows = [given, *(row for row in rows if row.pk != given.pk)]
    entries = [_entry(row, tokenizer) for row in rows if str(row.pk) not in without]
    return [entry for entry in entries if entry is not None]


def difference_json(request: TurnRequest, turn: UUID) -> JsonResponse:
    """?with=<turn>: the tokens of the two aligned, and the difference of their final states."""
    row = request.turn
    other = other_turn(request.person, row, address_of(request.GET.get("with", "")))
    if other is None or not row.has_trace:
        raise Http404
    checkpoint = row.chat.checkpoint
    tokenizer = services.chat_model(sha256=checkpoint.sha256).tokenizer
    own_ids, other_ids = (
        tokenizer.turn_ids(one.user_token_ids, one.reply_token_ids) for one in (row, other)
    )
    own, theirs = (services.state_after(turn=one, checkpoint=checkpoint) for one in (row, other))
    layers = state_difference(checkpoint.model_config, own, theirs)
    # Alignment takes up to the product of the two lengths.
    short = max(len(own_ids), len(other_ids)) <= LONG
    return JsonResponse(
        {
            "with": str(other.pk),
            "aligned": align(own_ids, other_ids) if short else None,
            "layers": [
                {
                    "distance": layer.distance,
                    "own": layer.own,
                    "other": layer.other,
                    "units": [
                        {"unit": unit, "own": here, "other": there, "distance": distance}
                        for unit, here, there, distance in layer.units
                    ],
                }
                for layer in layers
            ],
        }
    )
