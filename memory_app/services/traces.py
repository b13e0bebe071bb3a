"""A turn's gates, replayed when somebody looks and kept in this process for their next look."""

from memory_app import runtime
from memory_app.inspection.questions import AnyTrace, trace_of
from memory_app.lm.checkpoint import Checkpoint
from memory_app.models import Turn
from memory_app.services.memory import chat_model, state_after


def turn_trace(*, turn: Turn) -> tuple[AnyTrace, Checkpoint]:
    """The trace of a committed turn, from the state before it and its ids.

    Raises:
        Refused: `unavailable`, when the model or the state before the turn can't be used.
    """
    model = chat_model(sha256=turn.chat.checkpoint.sha256)

    def make() -> AnyTrace:
        before = state_after(turn=turn.parent, model=model)
        ids = model.tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids)
        return trace_of(model.model, before, ids)

    # A committed turn never changes; its hash beside its id says that it is that one.
    return runtime.get_traces().get((turn.pk, turn.state_sha256), make), model


def turn_trace_ahead(*, turn: Turn) -> None:
    """Begin to compute a turn's first layer while the page that will ask for it is on its way."""
    found, _ = turn_trace(turn=turn)
    runtime.compute_ahead(found)
