"""Chats for the tests of their files."""

import json
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from memory_app import services
from memory_app.chat_file.content import spoken
from memory_app.models import COMMITTED, Chat


def say(chat, text, reply_ids, *, parent, status="complete", **sampling):
    """One turn under `parent`, with these ids as its reply."""
    Chat.objects.filter(pk=chat.pk).update(head=parent)
    begun = services.turn_begin(chat=chat, client_turn_id=uuid4(), text=text, sampling=sampling)
    if status not in COMMITTED:
        end = services.turn_fail if status == "failed" else services.turn_interrupt
        end(turn=begun.turn)
        return begun.turn
    return services.turn_commit(
        turn=begun.turn,
        model=begun.model,
        before=begun.before,
        reply_ids=reply_ids,
        reply_text=spoken(begun.model.tokenizer, reply_ids),
        status=status,
    )


def upload(client: Client, data: bytes | dict[str, Any]) -> Any:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return client.post("/chats/import/", {"file": SimpleUploadedFile("chat.json", body)})


def tree(chat: Chat) -> list[Any]:
    """All that an import must keep, with ids named by their place."""
    turns = list(chat.turns.oldest_first())
    place: dict[Any, Any] = {turn.pk: index for index, turn in enumerate(turns)} | {None: None}
    return [
        chat.title,
        chat.checkpoint.sha256,
        place[chat.head_id],
        [
            (
                place[turn.parent_id],
                *(turn.kind, turn.status, turn.user_text, turn.reply_text),
                *(turn.user_token_ids, turn.reply_token_ids, turn.seed, turn.sampling),
                *(turn.state_sha256, turn.state, turn.machine, turn.created),
            )
            for turn in turns
        ],
    ]
