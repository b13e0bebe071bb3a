"""A chat's memory: the state before and after a turn, and which turn is the head."""

import logging
from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from memory_app import runtime
from memory_app.core.model.checkpoint import Checkpoint, CheckpointError
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State, StateError
from memory_app.models import Chat, Turn
from memory_app.models import Checkpoint as CheckpointRow
from memory_app.refusal import Refused

log = logging.getLogger(__name__)
BUSY = _("A reply is still being written in this chat. Wait, or stop it.")
GONE = _("This chat no longer exists.")
_DAMAGED = _("The stored memory of this turn is damaged. Go back to an earlier turn.")
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


def state_unchecked(*, turn: Turn, config: ModelConfig) -> State:
    """The state in the turn's row, whatever its hash; no other code reads these bytes.

    Raises:
        StateError: the bytes are no state of this model.
    """
    if not isinstance(turn.state, bytes | memoryview | None):
        raise StateError("The state isn't bytes.")
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
    """The state after a turn: the canonical replay of its ids from the state before it."""
    return replay(model.model, before, model.tokenizer.turn_ids(turn.user_token_ids, reply_ids))


def state_after(*, turn: Turn | None, checkpoint: CheckpointRow) -> State:
    """The committed state of a turn on its chat's checkpoint, or the blank memory for None.

    Damaged bytes are replayed from the nearest sound ancestor, and restored when the result is to
    the bit what was committed. Only that needs the model.

    Raises:
        Refused: `unavailable`, when they can't be restored.
    """
    config = checkpoint.model_config
    damaged: list[Turn] = []
    state = None
    while turn is not None:
        if not turn.is_committed or turn in damaged:  # or among its own ancestors
            raise Refused("unavailable", _DAMAGED)
        try:
            state = state_stored(turn=turn, config=config)
            break
        except StateError as fault:
            log.error("state damaged", extra={"turn": str(turn.pk), "reason": str(fault)})
            damaged.append(turn)
            turn = turn.parent
    state = state or State.zeros(config)
    for turn in reversed(damaged):
        model = chat_model(sha256=checkpoint.sha256)
        try:
            state = turn_replay(
                turn=turn, before=state, reply_ids=turn.reply_token_ids, model=model
            )
        except (ValueError, TypeError) as fault:
            raise Refused("unavailable", _DAMAGED) from fault
        if state.sha256() != turn.state_sha256:
            raise Refused("unavailable", _DAMAGED)
        Turn.objects.filter(pk=turn.pk).update(state=state.to_bytes())
        log.warning("state restored by replay", extra={"turn": str(turn.pk)})
    return state


def refusal_to_move(chat: Chat) -> Refused:
    """Why a conditional UPDATE of the chat found no row: a reply runs, or the chat is gone."""
    if Chat.objects.filter(pk=chat.pk, deleted=None).exists():
        return Refused("busy", BUSY)
    return Refused("not_found", GONE)


@transaction.atomic
def head_move(*, chat: Chat, turn: UUID | None) -> None:
    """Undo, redo or another sibling: the next message follows `turn` (None: blank memory).

    Raises:
        Refused: `not_found`, `invalid` for a turn without a state, `busy` while a reply runs.
    """
    if chat._state.adding and turn is None:
        return  # it has no message, so its memory is blank already
    if turn is not None:
        if Chat.objects.filter(pk=chat.pk).exclude(running=None).exists():
            raise Refused("busy", BUSY)
        target = Turn.objects.filter(pk=turn, chat=chat).defer("state").first()
        if target is None:
            raise Refused("not_found", _("This chat has no such turn."))
        if not target.is_committed:
            raise Refused("invalid", _("This turn has no memory to restore."))
    # The row count says whether a reply has begun meanwhile; a running turn is refused by it too.
    moved = Chat.objects.filter(pk=chat.pk, running=None, deleted=None).update(
        head_id=turn, **Chat.objects.done_now()
    )
    if not moved:
        raise refusal_to_move(chat)
