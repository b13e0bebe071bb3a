"""The tree of one chat's turns, for scripts and for the page after a reload."""

from uuid import UUID

from django.http import JsonResponse

from memory_app.change_notes import change_note
from memory_app.chat_file.write import turn_entry
from memory_app.http import ChatRequest
from memory_app.services.chat.titles import is_provisional


def turns_json(request: ChatRequest, chat: UUID) -> JsonResponse:
    """Every turn of the chat, oldest first."""
    row = request.chat
    turns = row.turns.oldest_first().defer("state", "given")
    return JsonResponse(
        {
            "chat": str(row.pk),
            "title": row.title,
            "title_provisional": is_provisional(row.title),
            "checkpoint": row.checkpoint.to_client(),
            "head": str(row.head_id) if row.head_id else None,
            "running": str(row.running_id) if row.running_id else None,
            "blanked": str(row.blanked_id) if row.blanked_id else None,
            "turns": [
                turn_entry(turn)
                | {"cut_by": turn.cut_by}
                | ({} if turn.is_talk else {"change": change_note(turn)})
                for turn in turns
            ],
        }
    )
