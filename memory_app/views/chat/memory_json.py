"""What the memory panel draws of a branch, turn by turn: tokens, norms, the first token's wait."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, JsonResponse

from memory_app import runtime
from memory_app.core.model.checkpoint import CheckpointError
from memory_app.core.model.state import State, StateError
from memory_app.models import Chat, Checkpoint, Turn


def _norms(turn: Turn, checkpoint: Checkpoint) -> dict[str, list[float]] | None:
    """The norm of each state part, layer by layer; None where the bytes are damaged."""
    try:
        state = State.from_bytes(bytes(turn.state or b""), checkpoint.model_config)
    except StateError:
        return None
    norms: dict[str, list[float]] = {}
    for layer in state.norms():
        for name, norm in layer.items():
            norms.setdefault(name, []).append(round(norm, 4))
    return norms


def _spoken_ms(turn: Turn) -> int | None:
    """From the reply's first token to its commit; None where nobody measured it (an import)."""
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


def _row(turn: Turn, checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "turn": str(turn.pk),
        "tokens": turn.tokens,
        "text_bytes": len(turn.user_text.encode()) + len(turn.reply_text.encode()),
        "first_token_ms": turn.first_token_ms,
        "reply_tokens": len(turn.reply_token_ids),
        "spoken_ms": _spoken_ms(turn),
        "norms": _norms(turn, checkpoint),
    }


def _branch(chat: Chat, after: str) -> tuple[list[UUID], UUID | None]:
    """The turns to the head from the root, or from the one named, if that is on the way to it."""
    parents = dict(chat.turns.values_list("pk", "parent_id"))
    branch: list[UUID] = []
    step = chat.head_id
    known = set(parents)
    while step is not None and step in parents and str(step) != after:
        branch.append(step)
        step = parents.pop(step)  # each once: a damaged tree may have a circle
    return branch[::-1], step if step in known else None


def memory_json(request: HttpRequest, chat: UUID) -> JsonResponse:
    """The turns from the root to the head; with `?after=<turn>` only what came after that one."""
    row: Chat = request.chat  # type: ignore[attr-defined]
    branch, begun = _branch(row, request.GET.get("after", ""))
    turns = row.turns.in_bulk(branch)
    return JsonResponse(
        {
            "head": str(row.head_id) if row.head_id else None,
            "after": str(begun) if begun else None,
            "state_bytes": row.checkpoint.state_bytes,
            "reading_ms": _reading_ms(row.checkpoint) if branch else None,
            "turns": [_row(turns[key], row.checkpoint) for key in branch],
        }
    )
