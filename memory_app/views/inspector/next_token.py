"""The alternatives of a token, for the gate view."""

from typing import Any
from uuid import UUID

from django.http import Http404, JsonResponse

from memory_app import services
from memory_app.core.inspection.next_token import alternatives
from memory_app.core.inspection.windows import window_at
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.http import TurnRequest
from memory_app.models import TurnStatus
from memory_app.views.inspector.gate_map import numbered
from memory_app.views.special_tokens import special_names


def _token(tokenizer: Tokenizer, token_id: int) -> dict[str, Any]:
    """An id by itself, so that a piece of a character shows as U+FFFD."""
    name = special_names(tokenizer).get(token_id)
    text = name or tokenizer.bytes_of(token_id).decode("utf-8", "replace")
    return {"token_id": token_id, "text": text.replace("\0", "\ufffd")}


def alternatives_json(request: TurnRequest, turn: UUID) -> JsonResponse:
    """?token=0: the ten most probable ids, the token's own probability, the entropy, there."""
    row = request.turn
    if not row.has_trace:
        raise Http404
    tokenizer = services.chat_model(sha256=row.chat.checkpoint.sha256).tokenizer
    ids = tokenizer.turn_ids(row.user_token_ids, row.reply_token_ids)
    index = numbered(request, "token", len(ids))
    number = window_at(len(ids), index).number
    trace, _, window = services.turn_window_trace(turn=row, number=number)
    try:
        seen = alternatives(trace, index - window.first)
    except IndexError as error:
        raise Http404 from error
    prompt = len(tokenizer.prompt_ids(row.user_token_ids))
    # The prompt was fed; so was the closing token of a reply that did not end by itself.
    fed = index < prompt or (index == len(ids) - 1 and row.status != TurnStatus.COMPLETE.value)
    return JsonResponse(
        {
            "token": index,
            **_token(tokenizer, ids[index]),
            "chosen": not fed,
            "probability": seen.probability,
            "rank": seen.rank,
            "entropy": {"bits": seen.bits, "nats": seen.nats},
            "alternatives": [
                {**_token(tokenizer, token_id), "probability": probability}
                for token_id, probability in seen.best
            ],
        }
    )
