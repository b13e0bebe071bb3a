"""A turn's gates, replayed on demand and cached in this process."""

import functools

from memory_app import limits, runtime
from memory_app.core.cells.hold import Hold, HoldError
from memory_app.core.inspection.trace_queries import AnyTrace, trace_of
from memory_app.core.inspection.windows import Borders, Window, window
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.state import State
from memory_app.models import Turn
from memory_app.refusal import Refused
from memory_app.services.chat.memory import DAMAGED, chat_model, state_after, turn_hold


def turn_trace(*, turn: Turn) -> tuple[AnyTrace, Checkpoint]:
    """The trace of a committed turn, from the state before it and its ids.

    Raises:
        Refused: `unavailable`, when the model or the state before the turn can't be used.
    """
    model = chat_model(sha256=turn.chat.checkpoint.sha256)

    def make() -> AnyTrace:
        limits.pay("traces", turn.tokens)
        before = state_after(turn=turn.parent, checkpoint=turn.chat.checkpoint)
        return trace_from(turn=turn, before=before, model=model)

    # A committed turn never changes; its hash beside its id identifies it.
    return runtime.get_traces().get((turn.pk, turn.state_sha256), make), model


def trace_from(*, turn: Turn, before: State, model: Checkpoint) -> AnyTrace:
    """The trace of a committed turn from the state before it, not kept; nothing is computed yet."""
    return trace_of(model.model, before, _ids(turn, model), _hold(turn, model))


def turn_window_trace(*, turn: Turn, number: int) -> tuple[AnyTrace, Checkpoint, Window]:
    """The trace of one window of a committed turn, or of the turn where it has only one.

    A far window waits for the replay of those before it: niced, a window at a time, in turn with
    other requests.

    Raises:
        Refused: `unavailable`, when the model or the state before the turn can't be used.
        IndexError: there is no such window.
    """
    model = chat_model(sha256=turn.chat.checkpoint.sha256)
    ids = _ids(turn, model)
    place = window(len(ids), number)
    if place.count == 1:
        trace, _ = turn_trace(turn=turn)
        return trace, model, place
    borders = _borders(turn, model)

    def make() -> AnyTrace:
        limits.pay("traces", place.stop - window(len(ids), borders.known).first)
        while borders.known < number:
            extend = functools.partial(borders.extend, borders.known + 1)
            runtime.compute_aside(extend, queue="windows").result()
        ids_of_window = ids[place.first : place.stop]
        return trace_of(model.model, borders.before(number), ids_of_window, _hold(turn, model))

    key = (turn.pk, turn.state_sha256, number)
    return runtime.get_traces().get(key, make), model, place


def turn_trace_ahead(*, turn: Turn, number: int = 1) -> int:
    """Begin to compute a turn's last layer before the page asks for it.

    Returns how many tokens have to be replayed before those of the window: that isn't begun.
    """
    model = chat_model(sha256=turn.chat.checkpoint.sha256)
    place = window(len(_ids(turn, model)), number)
    if place.count > 1 and (known := _borders(turn, model).known) < number:
        return place.first - window(place.total, known).first
    trace, _, _ = turn_window_trace(turn=turn, number=number)
    runtime.compute_ahead(trace)
    return 0


def _borders(turn: Turn, model: Checkpoint) -> Borders:
    def make() -> Borders:
        before = state_after(turn=turn.parent, checkpoint=turn.chat.checkpoint)
        return Borders(model.model, before, _ids(turn, model), _hold(turn, model))

    return runtime.get_traces().get((turn.pk, turn.state_sha256, "borders"), make)


def _hold(turn: Turn, model: Checkpoint) -> Hold | None:
    try:
        return turn_hold(turn=turn, config=model.model.config)
    except HoldError as fault:
        raise Refused("unavailable", DAMAGED) from fault


def _ids(turn: Turn, model: Checkpoint) -> list[int]:
    return model.tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids)
