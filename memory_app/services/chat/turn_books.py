"""What each turn wrote into memory, replayed on demand and cached in this process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

from memory_app import limits, runtime
from memory_app.core.inspection.sources import read_layers
from memory_app.core.inspection.turn_writes import (
    Change,
    Kept,
    TurnWrites,
    layer_change,
    several_writes,
    turn_writes,
)
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.state import State
from memory_app.models import Turn, TurnKind
from memory_app.refusal import Refused
from memory_app.services.chat.memory import DAMAGED, state_after, turn_replay
from memory_app.services.chat.traces import trace_from

_T = TypeVar("_T")
#: Tokens that are replayed side by side: about a second of one core.
BATCH_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class Changes:
    """Of one turn, what it did to each layer's memory."""

    layers: list[Change]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(
            8 * (own.kept.numel() + own.written.numel() + own.rounding.numel())
            for own in self.layers
        )


def turn_changes(*, turn: Turn, model: Checkpoint) -> Changes:
    """What a committed turn did to each layer's memory.

    Raises:
        Refused: `unavailable`, when a state on the way can't be used.
    """
    config = model.model.config

    def make() -> Changes:
        before, after = states_around(turn)
        kept = _kept(turn, before, model)
        blank = None
        if kept.layers is None:
            try:
                blank = turn_replay(
                    turn=turn, before=State.zeros(config), reply_ids=[], model=model
                )
            except (ValueError, TypeError) as fault:
                raise Refused("unavailable", DAMAGED) from fault
        return Changes(
            [
                layer_change(config, layer, kept, before, after, blank)
                for layer in range(config.num_layers)
            ]
        )

    return runtime.get_traces().get(_key(turn, "changes"), make)


def turn_written(*, turn: Turn, model: Checkpoint) -> TurnWrites | dict[int, Change]:
    """What each token of a committed turn wrote into the layers that a logit reads directly.

    Of a turn without tokens its change of them.

    Raises:
        Refused: `unavailable`, when a state on the way can't be used.
    """
    if turn.kind != TurnKind.TALK:
        return dict(enumerate(turn_changes(turn=turn, model=model).layers))

    def make() -> TurnWrites:
        before = state_after(turn=turn.parent, checkpoint=turn.chat.checkpoint)
        return _computed(turn, before, model)[1]

    return runtime.get_traces().get(_key(turn, "writes"), make)


def books_prepare(*, turns: Sequence[Turn], model: Checkpoint) -> None:
    """Replay those of a branch that aren't cached, many short turns at once.

    A niced thread, a batch at a time, in turn with other requests.

    Raises:
        Refused: `unavailable`, when a state on the way can't be used.
    """
    cache = runtime.get_traces()
    batch: list[Turn] = []
    tokens = 0
    for turn in turns:
        known = _key(turn, "writes") in cache and _key(turn, "kept") in cache
        if known or turn.kind != TurnKind.TALK or turn.hold or turn.tokens > BATCH_TOKENS:
            continue
        if tokens + turn.tokens > BATCH_TOKENS:
            _prepare(batch, model)
            batch, tokens = [], 0
        batch.append(turn)
        tokens += turn.tokens
    if len(batch) > 1:
        _prepare(batch, model)


def _prepare(turns: list[Turn], model: Checkpoint) -> None:
    limits.pay("inspections", sum(turn.tokens for turn in turns))
    given = []
    for turn in turns:
        ids = model.tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids)
        given.append((state_after(turn=turn.parent, checkpoint=turn.chat.checkpoint), ids))
    call = partial(several_writes, model.model, given, read_layers(model.model))
    for turn, (kept, writes) in zip(turns, aside(call, "ledger"), strict=True):
        _keep(turn, kept, writes)


def _keep(turn: Turn, kept: Kept, writes: TurnWrites) -> None:
    cache = runtime.get_traces()
    cache.get(_key(turn, "kept"), partial(_itself, kept))
    # Who asks for the ledger of a chat is likely to trace a word of it.
    cache.get(_key(turn, "writes"), partial(_itself, writes))


def states_around(turn: Turn) -> tuple[State, State]:
    """The committed states before and after a turn.

    Raises:
        Refused: `unavailable`, when one can't be restored.
    """
    checkpoint = turn.chat.checkpoint
    before = state_after(turn=turn.parent, checkpoint=checkpoint)
    return before, state_after(turn=turn, checkpoint=checkpoint)


def _kept(turn: Turn, before: State, model: Checkpoint) -> Kept:
    if turn.kind != TurnKind.TALK:
        return Kept(None)
    return runtime.get_traces().get(_key(turn, "kept"), lambda: _computed(turn, before, model)[0])


def _computed(turn: Turn, before: State, model: Checkpoint) -> tuple[Kept, TurnWrites]:
    """Both are replayed at once: a niced thread, a turn at a time, in turn with other requests."""
    limits.pay("inspections", turn.tokens)

    def compute() -> tuple[Kept, TurnWrites]:
        trace = trace_from(turn=turn, before=before, model=model)
        return turn_writes(trace, read_layers(model.model))

    kept, writes = aside(compute, "ledger")
    runtime.get_traces().get(_key(turn, "writes"), partial(_itself, writes))
    return kept, writes


def aside(call: Callable[[], _T], queue: Literal["ledger", "effects"]) -> _T:
    """The result of a computation in the niced thread of its queue."""
    return runtime.compute_aside(call, queue=queue).result()


def _itself(value: _T) -> _T:
    return value


def _key(turn: Turn, what: str) -> tuple[object, ...]:
    # A committed turn never changes; its hash beside its id identifies it.
    return turn.pk, turn.state_sha256, what
