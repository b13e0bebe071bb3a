"""A damaged state, rebuilt from its turn's ids where something else says that they are sound."""

import logging

from django.db import transaction

from memory_app.chat_file.content import message_fits, spoken
from memory_app.core.cpu import fingerprint
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.state import State, StateError
from memory_app.models import Turn
from memory_app.services.chat.memory import StateDropped, state_unchecked
from memory_app.services.operations.audit import audit_record

log = logging.getLogger(__name__)
#: The largest difference of a value that another machine computed.
TOLERANCE = 1e-5


def turn_repair(
    *, turn: Turn, after: State, model: Checkpoint, reason: str, parent_sound: bool
) -> bool:
    """Store the replay `after` of a damaged turn, or the hash of its bytes; whether it was.

    Two of three have to agree: the bytes, the committed hash, and the replay from a sound parent.
    Where the replay agrees with neither, the ids must be those of the turn's texts, so that a
    memory never follows damaged ids. A state that another machine stored whole stays as it is:
    here its replay may be the wrong one.
    """
    state = _mended(turn, after, model, parent_sound=parent_sound)
    if state is None:
        return False
    sha256 = state.sha256()
    values = {"state": state.to_bytes(), "state_sha256": sha256}
    if state is after:
        values["machine"] = fingerprint()
    with transaction.atomic():
        # A turn that was erased, or repaired by its reader, meanwhile is left alone.
        rows = Turn.objects.committed().filter(pk=turn.pk, state_sha256=turn.state_sha256)
        if not rows.update(**values):
            return False
        detail = {"turn": str(turn.pk), "reason": reason, "was": turn.state_sha256, "is": sha256}
        # By its chat: the entry loses that name when the person is erased.
        audit_record(user=None, action="turn.repair", object=str(turn.chat_id), detail=detail)
    log.warning("state rebuilt", extra={"turn": str(turn.pk), "reason": reason})
    return True


def _mended(turn: Turn, after: State, model: Checkpoint, *, parent_sound: bool) -> State | None:
    """What the turn's state should be; None where that isn't certain."""
    if after.sha256() == turn.state_sha256:
        return after
    if not parent_sound:
        return None
    kept, own_machine = _kept(turn, model.model.config), turn.machine == fingerprint()
    if kept is not None:
        gap = after.largest_difference(kept)
        if gap == 0 or (not own_machine and gap <= TOLERANCE):
            return kept  # only the hash is wrong
        if kept.sha256() == turn.state_sha256 and not own_machine:
            return None
    return after if _texts_fit(turn, model) else None


def _kept(turn: Turn, config: ModelConfig) -> State | None:
    try:
        return state_unchecked(turn=turn, config=config)
    except (StateDropped, StateError):
        return None


def _texts_fit(turn: Turn, model: Checkpoint) -> bool:
    """Whether the ids are those of the texts; never for a change of the memory, which has none."""
    tokenizer = model.tokenizer
    return (
        turn.is_talk
        and message_fits(tokenizer, turn.user_text, turn.user_token_ids)
        and spoken(tokenizer, turn.reply_token_ids) == turn.reply_text
    )
