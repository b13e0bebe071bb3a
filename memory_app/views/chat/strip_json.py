"""Mean gates a token, replayed on request: the strip under a reply after a reload."""

from typing import Any
from uuid import UUID

from django.http import JsonResponse

from memory_app.core.inspection.trace_queries import gate_means
from memory_app.http import TurnRequest
from memory_app.reply import storable
from memory_app.views.inspector.gate_map import traced


def gates_json(request: TurnRequest, turn: UUID) -> JsonResponse:
    """Each token of the turn, or of ?window=1, with [i, f, o] a layer, means over the units."""
    row = request.turn
    trace, model, first = traced(request)
    tokenizer = model.tokenizer
    # <|user|> U <|end|> <|bot|> was fed before the reply began.
    prompt = len(tokenizer.prompt_ids(row.user_token_ids))
    text, means = tokenizer.stream(), gate_means(trace)
    for token_id in tokenizer.turn_ids(row.user_token_ids, row.reply_token_ids)[:first]:
        if token_id not in tokenizer.special_ids:
            text.push(token_id)  # a character may have begun before the window
    tokens: list[dict[str, Any]] = []
    for index, (token_id, gates) in enumerate(zip(trace.ids, means, strict=True), first):
        control = token_id in tokenizer.special_ids
        tokens.append(
            {
                "token_id": token_id,
                "text": "" if control else storable(text.push(token_id)),
                "part": "prompt" if index < prompt else "reply",
                "gates": gates,
            }
        )
    return JsonResponse({"tokens": tokens})
