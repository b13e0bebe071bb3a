"""A chat's file, written."""

from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from memory_app.chat_file.form import ENDED, FORMAT, VERSION
from memory_app.models import Chat, Turn


def turn_entry(turn: Turn) -> dict[str, Any]:
    """One turn as turns.json and a chat's file contain it."""
    return {
        "id": str(turn.pk),
        "parent": str(turn.parent_id) if turn.parent_id else None,
        "kind": turn.kind,
        "parameters": turn.parameters,
        "hold": turn.hold,
        "adapter_sha256": turn.adapter_sha256,
        "inherited": turn.inherited,
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


def document(chat: Chat, turns: Iterable[Turn]) -> dict[str, Any]:
    """The whole chat without a turn that still runs.

    `states` holds the other states of transplants, blends and mind files, by their hashes.
    """
    ended = [turn for turn in turns if turn.status in ENDED]
    given = {
        str(turn.parameters.get("sha256")): b64encode(bytes(turn.given)).decode()
        for turn in ended
        if turn.given is not None
    }
    return {
        "format": FORMAT,
        "format_version": VERSION,
        "chat": str(chat.pk),
        "title": chat.title,
        "created": chat.created.isoformat(),
        "checkpoint": chat.checkpoint.to_client(),
        "head": str(chat.head_id) if chat.head_id else None,
        "turns": [turn_entry(turn) for turn in ended],
        **({"states": given} if given else {}),
    }
