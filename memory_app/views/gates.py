"""Mean gates a token, replayed when asked for: the strip under a reply after a reload."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, JsonResponse

from memory_app import services
from memory_app.inspection.questions import gate_means
from memory_app.replies import shown


def gates_json(request: HttpRequest, turn: UUID) -> JsonResponse:
    """Each token of the turn with [i, f, o] a layer, means over the units."""
    row = request.turn  # type: ignore[attr-defined]
    if not row.is_committed:
        raise Http404
    found, model = services.turn_trace(turn=row)
    tokenizer = model.tokenizer
    # <|user|> U <|end|> <|bot|> is what was fed before the reply began.
    prompt = len(tokenizer.prompt_ids(row.user_token_ids))
    text, means = tokenizer.stream(), gate_means(found)
    tokens: list[dict[str, Any]] = []
    for index, (token_id, gates) in enumerate(zip(found.ids, means, strict=True)):
        control = token_id in tokenizer.special_ids
        tokens.append(
            {
                "token_id": token_id,
                "text": "" if control else shown(text.push(token_id)),
                "part": "prompt" if index < prompt else "reply",
                "gates": gates,
            }
        )
    return JsonResponse({"tokens": tokens})
