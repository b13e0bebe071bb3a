"""Compare what is stored with its ids: every committed turn, replayed from its parent's state."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from memory_app import runtime
from memory_app.core.cpu import fingerprint
from memory_app.core.model.checkpoint import Checkpoint, CheckpointError
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.state import State, StateError
from memory_app.models import Turn, TurnStatus
from memory_app.services.chat.memory import (
    StateDropped,
    state_stored,
    state_unchecked,
    turn_replay,
)
from memory_app.services.chat.state_repair import TOLERANCE, turn_repair
from memory_app.services.operations.damaged_rows import (
    Key,
    fault_words,
    in_circles,
    stored_parents,
    turn_fault,
    turn_read,
)

#: How many dropped states are kept once they are replayed.
_REPLAYED = 64


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result for one turn; `reason` is empty when it is sound, and was true until a repair."""

    turn: Key
    reason: str = ""
    repaired: bool = False


def turns_to_verify() -> int:
    """The number of turns that `turns_verify` reads."""
    return Turn.objects.committed().count()


def turns_verify(*, repair: bool = False) -> Iterator[Verdict]:
    """A verdict a committed turn, checkpoint by checkpoint, so that each is loaded once.

    Each row is read by itself: an unreadable one is a fault, and the others are still checked.
    With `repair` a fault is mended where a replay can (state_repair.py), parents before children.
    """
    parents = stored_parents()
    circles = in_circles(parents)
    dropped = _Dropped()
    sound: set[Key] = set()
    for key in parents:
        row = turn_read(key)
        if row is None:
            continue  # purged meanwhile
        verdict = Verdict(key, row) if isinstance(row, str) else Verdict(key)
        if not isinstance(row, str):
            committed = row.is_committed
            if not committed and row.status in TurnStatus.values:
                continue
            verdict = _verdict(row, dropped, sound, circle=key in circles, repair=repair)
        if verdict.repaired or not verdict.reason:
            sound.add(key)
        yield verdict


def _verdict(
    turn: Turn, dropped: "_Dropped", sound: set[Key], *, circle: bool, repair: bool
) -> Verdict:
    if circle:
        return Verdict(turn.pk, "it is among its own ancestors")
    try:
        finding = _examine(turn, dropped)
        repaired = bool(
            repair
            and finding.after is not None
            and finding.model is not None
            and finding.reason
            and turn_repair(
                turn=turn,
                after=finding.after,
                model=finding.model,
                reason=finding.reason,
                parent_sound=turn.parent_id is None or turn.parent_id in sound,
            )
        )
    except Exception as fault:  # an unforeseen row must not hide the next
        return Verdict(turn.pk, f"it can't be replayed: {' '.join(fault_words(fault).split())}")
    return Verdict(turn.pk, " ".join(finding.reason.split()), repaired)


@dataclass(slots=True)
class _Dropped:
    """Dropped states, replayed: those of the last turns, which the next ones mostly follow."""

    states: dict[Key, State] = field(default_factory=dict)

    def keep(self, key: Key, state: State) -> None:
        self.states[key] = state
        while len(self.states) > _REPLAYED:
            del self.states[next(iter(self.states))]

    def before(self, turn: Turn, config: ModelConfig, model: Checkpoint) -> State:
        """The state before a turn: as stored, or replayed from the nearest one that is.

        Raises:
            ValueError: a stored state or ids that don't fit the model.
        """
        path: list[Turn] = []
        state = None
        while state is None and turn.parent is not None:
            turn = turn.parent
            try:
                state = self.states.get(turn.pk) or state_unchecked(turn=turn, config=config)
            except StateDropped:
                path.append(turn)
        state = state or State.zeros(config)
        for turn in reversed(path):
            state = turn_replay(
                turn=turn, before=state, reply_ids=turn.reply_token_ids, model=model
            )
            self.keep(turn.pk, state)
        return state


@dataclass(frozen=True, slots=True)
class _Finding:
    """Why a turn doesn't hold, empty if it does; its replay and the model, where it has one."""

    reason: str = ""
    after: State | None = None
    model: Checkpoint | None = None


def _examine(turn: Turn, dropped: _Dropped) -> _Finding:
    if fault := turn_fault(turn):
        return _Finding(fault)
    sha256 = turn.chat.checkpoint.sha256
    try:
        model = runtime.load_checkpoint_by_sha(sha256)
    except CheckpointError as error:
        return _Finding(f"checkpoint {sha256[:12]} can't be used: {error}")
    config = model.model.config
    stored, fault = None, ""
    try:
        stored = state_stored(turn=turn, config=config)
    except StateDropped:
        pass
    except StateError as error:
        fault = f"state: {error}"
    parent = turn.parent
    if parent is not None and not parent.is_committed:
        return _Finding(fault or f"its parent is {parent.status}")
    try:
        # A wrong hash of the parent is the parent's fault, which hides none of this turn's.
        before = dropped.before(turn, config, model)
    except (ValueError, TypeError) as error:
        return _Finding(fault or f"parent's state: {error}")
    try:
        after = turn_replay(turn=turn, before=before, reply_ids=turn.reply_token_ids, model=model)
    except (ValueError, TypeError) as error:
        return _Finding(fault or f"ids: {error}")
    if stored is None and not fault:
        dropped.keep(turn.pk, after)
    return _Finding(fault or _difference(turn, stored, after), after, model)


def _difference(turn: Turn, stored: State | None, after: State) -> str:
    if after.sha256() == turn.state_sha256:
        return ""
    if turn.machine == fingerprint():
        return "the replay's hash differs on the machine that wrote it"
    if stored is None:
        return ""  # by another machine, and nothing is left to compare it with
    gap = after.largest_difference(stored)
    return f"the replay differs by {gap:.1e}" if not gap <= TOLERANCE else ""
