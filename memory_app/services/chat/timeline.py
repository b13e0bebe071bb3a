"""A chat's memory turn by turn, from the states that are stored."""

from dataclasses import dataclass

from memory_app.core.inspection.timeline import LayerTimeline, timeline
from memory_app.core.model.state import State
from memory_app.models import Chat, Turn
from memory_app.refusal import Refused
from memory_app.services.chat.branch import branch_of
from memory_app.services.chat.memory import state_after

#: Turns of one timeline: as many as a matrix of distances can show.
MOST = 120


@dataclass(frozen=True, slots=True)
class ChatTimeline:
    """`turns` are those numbered from `first` (from 1) of `total` on the branch of the head.

    Without `damaged` ones, whose state can't be restored. The layers' rows begin with the blank
    memory and go on with `turns`.
    """

    turns: list[Turn]
    numbers: list[int]
    first: int
    last: int
    total: int
    damaged: list[Turn]
    layers: list[LayerTimeline]


def chat_timeline(*, chat: Chat, until: int | None = None) -> ChatTimeline:
    """The last `MOST` turns up to number `until`, by default up to the head.

    Raises:
        IndexError: there is no turn of this number on the branch.
    """
    config = chat.checkpoint.model_config
    branch = branch_of(chat=chat, last=chat.head)
    total = len(branch)
    last = total if until is None else until
    if until is not None and not 1 <= until <= total:
        raise IndexError(f"There is no turn {until}.")
    first = max(1, last - MOST + 1)
    shown = branch[first - 1 : last]
    keys = [turn.pk for turn in ([branch[first - 2]] if first > 1 else []) + shown]
    # All states in one query; `branch_of` leaves them out.
    loaded = chat.turns.in_bulk(keys)
    states: dict[int, State | None] = {0: State.zeros(config)}
    for number in range(max(1, first - 1), last + 1):
        states[number] = _state(loaded[branch[number - 1].pk], branch, number, chat)
    numbers = [number for number in range(first, last + 1) if states[number] is not None]
    rows = [0, *numbers]
    before = [
        states.get(number - 1) if number and number - 1 != earlier else None
        for earlier, number in zip([0, *rows], rows, strict=False)
    ]
    given = [state for number in rows if (state := states[number]) is not None]
    damaged = [branch[n - 1] for n in range(first, last + 1) if states[n] is None]
    return ChatTimeline(
        [branch[number - 1] for number in numbers],
        numbers,
        first,
        last,
        total,
        damaged,
        timeline(config, given, before),
    )


def _state(turn: Turn, branch: list[Turn], number: int, chat: Chat) -> State | None:
    """The state after a turn of the branch; None where it can't be restored."""
    turn.chat, turn.parent = chat, branch[number - 2] if number > 1 else None
    try:
        return state_after(turn=turn, checkpoint=chat.checkpoint)
    except Refused:
        return None
