"""The memory panel's figures of a branch, turn by turn: tokens, norms, the first token's wait."""

from typing import Any
from uuid import UUID

from django.http import JsonResponse

from memory_app import runtime, services
from memory_app.core.model.checkpoint import CheckpointError
from memory_app.core.model.state import State
from memory_app.http import ChatRequest
from memory_app.models import Checkpoint, Turn
from memory_app.refusal import Refused
from memory_app.views.chat.branch import branch


def _state(turn: Turn | None, checkpoint: Checkpoint) -> State | None:
    """The state after a turn, or the blank memory for None; None where it can't be restored."""
    try:
        return services.state_after(turn=turn, checkpoint=checkpoint)
    except Refused:
        return None


def _norms(state: State | None) -> dict[str, list[float | None]] | None:
    """The norm of each state part, layer by layer; None where the state is damaged.

    Of a layer that lacks the part None stands in its place.
    """
    if state is None:
        return None
    norms = state.norms()
    return {
        name: [round(layer[name], 4) if name in layer else None for layer in norms]
        for name in dict.fromkeys(name for layer in norms for name in layer)
    }


def _moved(state: State | None, before: State | None, parts: list[str]) -> list[float] | None:
    """How far each layer's part of the memory moved from the state before; None if unknown."""
    if state is None or before is None:
        return None
    return [
        round(float((layer[part] - earlier[part]).norm()), 4)
        for layer, earlier, part in zip(state.layers, before.layers, parts, strict=True)
    ]


def _spoken_ms(turn: Turn) -> int | None:
    """From the reply's first token to its commit; None where it wasn't measured (an import)."""
    if turn.finished is None or turn.first_token_ms is None:
        return None
    whole = (turn.finished - turn.created).total_seconds()
    return max(0, round(1000 * whole) - turn.first_token_ms)


def _reading_ms(checkpoint: Checkpoint) -> float | None:
    """Of each token of a prompt, on this machine; None where the model can't be loaded."""
    try:
        return float(f"{runtime.reading_ms(checkpoint.sha256):.3g}")
    except (CheckpointError, ValueError):
        return None


def _row(turn: Turn, state: State | None, before: State | None, parts: list[str]) -> dict[str, Any]:
    return {
        "turn": str(turn.pk),
        "tokens": turn.tokens,
        "text_bytes": len(turn.user_text.encode()) + len(turn.reply_text.encode()),
        "first_token_ms": turn.first_token_ms,
        "reply_tokens": len(turn.reply_token_ids),
        "spoken_ms": _spoken_ms(turn),
        "norms": _norms(state),
        "moved": _moved(state, before, parts),
    }


def _rows(turns: list[Turn], begun: Turn | None, checkpoint: Checkpoint) -> list[dict[str, Any]]:
    """Consecutive turns, the first of which follows `begun` (None: the blank memory)."""
    config = checkpoint.model_config
    parts = [config.memory_of(layer).part for layer in range(config.num_layers)]
    before = _state(begun, checkpoint)
    rows = []
    for turn in turns:
        state = _state(turn, checkpoint)
        rows.append(_row(turn, state, before, parts))
        before = state
    return rows


def memory_json(request: ChatRequest, chat: UUID) -> JsonResponse:
    """The turns from the root to the head; with `?after=<turn>` only those after that one."""
    row = request.chat
    path, begun = branch(row, request.GET.get("after", ""))
    turns = row.turns.in_bulk([*path, *filter(None, [begun])])
    return JsonResponse(
        {
            "head": str(row.head_id) if row.head_id else None,
            "after": str(begun) if begun else None,
            "state_bytes": row.checkpoint.state_bytes,
            "reading_ms": _reading_ms(row.checkpoint) if path else None,
            "turns": _rows(
                [turns[key] for key in path], turns[begun] if begun else None, row.checkpoint
            ),
        }
    )
