"""A turn's state and all of its gates as safetensors; both are replayed or read, never derived."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from memory_app import services
from memory_app.core.inspection.trace_queries import trace_file
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.http import TurnRequest, attachment_headers
from memory_app.models import Turn


def model_of(turn: Turn) -> Checkpoint:
    return services.chat_model(sha256=turn.chat.checkpoint.sha256)


def tokens_seen(turn: Turn) -> int:
    """The number of tokens before this turn's state: its own and those of its ancestors."""
    rows = Turn.objects.filter(chat=turn.chat_id)
    named = rows.only("parent_id", "kind", "user_token_ids", "reply_token_ids").in_bulk()
    count = 0
    step: UUID | None = turn.pk
    while step is not None:
        row = named.pop(step)  # each once: a cycle is a fault of the row
        count += row.tokens
        step = row.parent_id
    return count


def _metadata(turn: Turn, model: Checkpoint) -> dict[str, str]:
    return {
        "checkpoint_sha256": model.sha256,
        "turn": str(turn.pk),
        "tokens_seen": str(tokens_seen(turn)),
    }


def _file(data: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        data,
        content_type="application/octet-stream",
        headers=attachment_headers(name),
    )


def trace(request: TurnRequest, turn: UUID) -> HttpResponseBase:
    """i f g o c h [T, layers, hidden] of the turn's tokens, with the state before them."""
    row = request.turn
    if not row.has_trace:
        raise Http404
    turn_trace, model = services.turn_trace(turn=row)
    data = trace_file(turn_trace, _metadata(row, model))
    name = f"trace-{row.pk}.safetensors"
    if isinstance(data, bytes):
        return _file(data, name)
    length, pieces = data
    return StreamingHttpResponse(
        _streamed(pieces),
        content_type="application/octet-stream",
        headers={**attachment_headers(name), "Content-Length": str(length)},
    )


async def _streamed(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, each computed in a thread: Django would read a plain iterator whole first."""
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


def state(request: TurnRequest, turn: UUID) -> HttpResponse:
    """h and c [layers, hidden] after the turn."""
    row = request.turn
    if not row.is_committed:
        raise Http404
    model = model_of(row)
    after = services.state_after(turn=row, checkpoint=row.chat.checkpoint)
    return _file(
        after.to_safetensors(_metadata(row, model), model.model.config),
        f"state-{row.pk}.safetensors",
    )
