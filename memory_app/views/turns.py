"""The tree of one chat's turns, for scripts and for the page after a reload."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, JsonResponse

from memory_app.models import Turn


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "id": str(turn.pk),
        "parent": str(turn.parent_id) if turn.parent_id else None,
        "kind": turn.kind,
        "client_turn_id": str(turn.client_turn_id),
        "status": turn.status,
        "user_text": turn.user_text,
        "reply_text": turn.reply_text,
        "user_token_ids": turn.user_token_ids,
        "reply_token_ids": turn.reply_token_ids,
        "seed": turn.seed,
        "sampling": turn.sampling,
        "state_sha256": turn.state_sha256,
        "created": turn.created.isoformat(),
    }


def turns_json(request: HttpRequest, chat: UUID) -> JsonResponse:
    """Every turn of the chat, oldest first."""
    row = request.chat  # type: ignore[attr-defined]
    turns = row.turns.oldest_first().defer("state")
    return JsonResponse(
        {
            "chat": str(row.pk),
            "title": row.title,
            "checkpoint": {
                "id": str(row.checkpoint.pk),
                "sha256": row.checkpoint.sha256,
                "name": row.checkpoint.name,
                "language": row.checkpoint.language,
            },
            "head": str(row.head_id) if row.head_id else None,
            "running": str(row.running_id) if row.running_id else None,
            "turns": [_turn(turn) for turn in turns],
        }
    )
