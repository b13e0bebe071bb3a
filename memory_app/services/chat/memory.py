"""A chat's memory: the state before and after a turn, and which turn is the head."""

import logging
from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from memory_app import runtime
from memory_app.core.cells.hold import Hold, parse_hold
from memory_app.core.cpu import fingerprint
from memory_app.core.inspection.memory_change import changed
from memory_app.core.inspection.state_edits import StateEditError
from memory_app.core.model.checkpoint import Checkpoint, CheckpointError
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State, StateError
from memory_app.models import Chat, Turn, TurnKind
from memory_app.models import Checkpoint as CheckpointRow
from memory_app.refusal import Refused

log = logging.getLogger(__name__)
BUSY = _("A reply is still being written in this chat. Wait, or stop it.")
GONE = _("This chat no longer exists.")
NO_TURN = _("This chat has no such turn.")
DAMAGED = _("The stored memory of this turn is damaged. Go back to an earlier turn.")
#: What the row of a turn has in place of a state that was dropped (states_drop.py).
DROPPED = b""
_NO_MODEL = _("The model of this chat can't be loaded: its files are missing or damaged.")


def chat_model(*, sha256: str) -> Checkpoint:
    """The loaded model that a chat is bound to.

    Raises:
        Refused: `unavailable`, when its files can't be used; another model can't read its states.
    """
    try:
        return runtime.load_checkpoint_by_sha(sha256)
    except CheckpointError as fault:
        log.error("checkpoint unusable", extra={"sha256": sha256, "reason": str(fault)})
        raise Refused("unavailable", _NO_MODEL) from fault


class StateDropped(StateError):
    """The row has no state any more, since a replay gives it again."""


def state_unchecked(*, turn: Turn, config: ModelConfig) -> State:
    """The state in the turn's row, whatever its hash; no other code reads these bytes.

    Raises:
        StateError: the bytes are no state of this model, or the state was dropped (StateDropped).
    """
    if not isinstance(turn.state, bytes | memoryview | None):
        raise StateError("The state isn't bytes.")
    if turn.state is not None and bytes(turn.state) == DROPPED:
        raise StateDropped("The state was dropped.")
    return State.from_bytes(bytes(turn.state or b""), config)


def state_stored(*, turn: Turn, config: ModelConfig) -> State:
    """The state in the turn's row, by its bytes alone.

    Raises:
        StateError: the bytes are no state of this model, or not those that were committed.
    """
    state = state_unchecked(turn=turn, config=config)
    if state.sha256() != turn.state_sha256:
        raise StateError("The state's bytes don't have the hash that was committed.")
    return state


def turn_replay(*, turn: Turn, before: State, reply_ids: Sequence[int], model: Checkpoint) -> State:
    """The state after a turn: the canonical replay of its ids from the state before it.

    Of a turn that isn't talk: that state with the turn's change applied.

    Raises:
        ValueError: ids or a change that don't fit the model (StateEditError, StateError too).
    """
    if turn.kind != TurnKind.TALK:
        return _changed(turn, before, model.model.config)
    ids = model.tokenizer.turn_ids(turn.user_token_ids, reply_ids)
    return replay(model.model, before, ids, turn_hold(turn=turn, config=model.model.config))


def turn_hold(*, turn: Turn, config: ModelConfig) -> Hold | None:
    """The gates that were held in a turn.

    Raises:
        HoldError: the row names gates that this model lacks.
    """
    return parse_hold(turn.hold, config.kind, config)


def _changed(turn: Turn, before: State, config: ModelConfig) -> State:
    # SQLite's columns take values of any type, whatever the model says.
    if not isinstance(turn.parameters, dict):
        raise StateEditError("This change of the memory is unknown.")
    given = None
    if turn.given is not None:
        if not isinstance(turn.given, bytes | memoryview):
            raise StateError("The state isn't bytes.")
        given = State.from_bytes(bytes(turn.given), config)
    return changed(before, turn.kind, turn.parameters, given, config)


def turn_sent(chat: Chat, client_turn_id: UUID) -> Turn | None:
    """The turn that a message made, if it came before."""
    return (
        Turn.objects.filter(chat=chat, client_turn_id=client_turn_id)
        .select_related("chat__checkpoint")
        .defer("state", "given")
        .first()
    )


def state_after(*, turn: Turn | None, checkpoint: CheckpointRow) -> State:
    """The committed state of a turn on its chat's checkpoint, or the blank memory for None.

    Damaged bytes are replayed from the nearest sound ancestor, and restored when the result is to
    the bit what was committed. So is a dropped state that is asked for; on another machine than
    that which computed it the replay may differ in the last bits, and is returned, not stored.
    Only that needs the model.

    Raises:
        Refused: `unavailable`, when they can't be restored.
    """
    config = checkpoint.model_config
    asked = turn
    missing: dict[Turn, bool] = {}  # whether it was dropped, the youngest first
    state = None
    while turn is not None:
        if not turn.is_committed or turn in missing:  # or among its own ancestors
            raise Refused("unavailable", DAMAGED)
        try:
            state = state_stored(turn=turn, config=config)
            break
        except StateDropped:
            missing[turn] = True
        except StateError as fault:
            log.error("state damaged", extra={"turn": str(turn.pk), "reason": str(fault)})
            missing[turn] = False
        turn = turn.parent
    state = state or State.zeros(config)
    exact = True
    for turn, dropped in reversed(missing.items()):
        model = chat_model(sha256=checkpoint.sha256)
        try:
            state = turn_replay(
                turn=turn, before=state, reply_ids=turn.reply_token_ids, model=model
            )
        except (ValueError, TypeError) as fault:
            raise Refused("unavailable", DAMAGED) from fault
        if state.sha256() != turn.state_sha256:
            if exact and not (dropped and turn.machine != fingerprint()):
                raise Refused("unavailable", DAMAGED)
            exact = False
        if exact and (not dropped or turn == asked):
            Turn.objects.filter(pk=turn.pk).update(state=state.to_bytes())
            level = logging.INFO if dropped else logging.WARNING
            log.log(level, "state restored by replay", extra={"turn": str(turn.pk)})
    return state


def refusal_to_move(chat: Chat) -> Refused:
    """Why a conditional UPDATE of the chat found no row: a reply runs, or the chat is gone."""
    if Chat.objects.filter(pk=chat.pk, deleted=None).exists():
        return Refused("busy", BUSY)
    return Refused("not_found", GONE)


@transaction.atomic
def head_move(*, chat: Chat, turn: UUID | None, keep: bool = True) -> None:
    """Undo, redo or another sibling: the next message follows `turn` (None: blank memory).

    A blanked memory leaves the turns up to the old head on the page, greyed, unless `keep` is
    False, as for an undo of the first turn.

    Raises:
        Refused: `not_found`, `invalid` for a turn without a state, `busy` while a reply runs.
    """
    if chat._state.adding and turn is None:
        return  # it has no message, so its memory is blank already
    if turn is not None:
        if Chat.objects.filter(pk=chat.pk).exclude(running=None).exists():
            raise Refused("busy", BUSY)
        target = Turn.objects.filter(pk=turn, chat=chat).defer("state", "given").first()
        if target is None:
            raise Refused("not_found", NO_TURN)
        if not target.is_committed:
            raise Refused("invalid", _("This turn has no memory to restore."))
    blanked = _blanked_by(chat, keep) if turn is None else None
    # The row count says whether a reply has begun meanwhile; a running turn is refused by it too.
    moved = Chat.objects.filter(pk=chat.pk, running=None, deleted=None).update(
        head_id=turn, blanked_id=blanked, **Chat.objects.done_now()
    )
    if not moved:
        raise refusal_to_move(chat)


def _blanked_by(chat: Chat, keep: bool) -> UUID | None:
    """The head that a blank memory leaves behind; without `keep` that of the blank before it."""
    row = Chat.objects.filter(pk=chat.pk).select_related("head").defer("head__state").first()
    if row is None or row.head is None:
        return row.blanked_id if row is not None else None
    return row.head.pk if keep else blanked_before(row.head)


def blanked_before(turn: Turn) -> UUID | None:
    """Of the first turn after a blank: the head before that, if it is in the same chat still."""
    named = turn.parameters.get("blanked") if isinstance(turn.parameters, dict) else None
    if turn.parent_id is not None or not isinstance(named, str):
        return None
    try:
        named = UUID(named)
    except ValueError:
        return None
    return Turn.objects.filter(chat=turn.chat_id, pk=named).values_list("pk", flat=True).first()
