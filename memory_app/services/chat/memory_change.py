"""A hand on the memory: a new turn without tokens, whose state is its parent's with a change.

Lock order: chat, then turn, as in turns.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from memory_app.core.cpu import fingerprint
from memory_app.core.inspection.memory_change import changed
from memory_app.core.inspection.state_edits import (
    StateEditError,
    parse_edit,
    parse_places,
    parse_weight,
)
from memory_app.core.model.state import State
from memory_app.models import Chat, Turn, TurnKind, TurnStatus
from memory_app.pending_chats import is_pending
from memory_app.refusal import Refused
from memory_app.services.chat.memory import NO_TURN, refusal_to_move, state_after, turn_sent
from memory_app.services.chat.pending_chats import chat_store
from memory_app.translate_messages import in_words_later


@dataclass(frozen=True, slots=True)
class Changed:
    """The head after a change of the memory, and the new turns on the way to it."""

    head: UUID | None
    turns: tuple[UUID, ...] = ()


class _Taken(Exception):
    """A turn runs in this chat."""


def memory_set(
    *, chat: Chat, client_turn_id: UUID, turn: UUID | None, change: Mapping[str, Any]
) -> Changed:
    """An `edit` turn under `turn` (None: the blank memory); the head moves to it.

    `change` is {"set" | "scale" | "clamp": entries} of core/inspection/state_edits.py. A repeated
    `client_turn_id` gives its first turn.

    Raises:
        Refused: `invalid`, `busy`, `not_found`, `unavailable`.
    """
    config = chat.checkpoint.model_config
    try:
        parameters = parse_edit(change, config)
    except StateEditError as fault:
        raise Refused("invalid", in_words_later(fault)) from fault
    return change_store(
        chat=chat,
        client_turn_id=client_turn_id,
        parent=lambda row: turn,
        kind=TurnKind.EDIT,
        parameters=parameters,
    )


def memory_transplant(
    *,
    chat: Chat,
    client_turn_id: UUID,
    turn: UUID | None,
    source: UUID,
    what: object,
    weight: object = 1,
) -> Changed:
    """A `transplant` turn under `turn`, or a `blend` for a weight below 1; the head moves to it.

    `source` is another turn of the chat's owner on the same checkpoint; `what` its places.

    Raises:
        Refused: `invalid`, `busy`, `not_found`, `unavailable`.
    """
    checkpoint = chat.checkpoint
    try:
        places = parse_places(what, checkpoint.model_config)
        share = parse_weight(weight)
    except StateEditError as fault:
        raise Refused("invalid", in_words_later(fault)) from fault
    donor = Turn.objects.of(chat.owner).select_related("chat__checkpoint").filter(pk=source).first()
    if donor is None:
        raise Refused("not_found", _("None of your chats has such a turn."))
    if donor.chat.checkpoint_id != checkpoint.pk:
        raise Refused("invalid", _("That memory belongs to another model, so it can't be used."))
    if not donor.is_committed:
        raise Refused("invalid", _("That turn has no memory to take from."))
    given = state_after(turn=donor, checkpoint=checkpoint)
    return change_store(
        chat=chat,
        client_turn_id=client_turn_id,
        parent=lambda row: turn,
        kind=TurnKind.BLEND if share < 1 else TurnKind.TRANSPLANT,
        parameters={
            "from": str(source),
            "what": places,
            "weight": share,
            "sha256": given.sha256(),
        },
        given=given,
    )


def change_store(
    *,
    chat: Chat,
    client_turn_id: UUID,
    parent: Callable[[Chat], UUID | None],
    kind: TurnKind,
    parameters: dict[str, Any],
    given: State | None = None,
) -> Changed:
    """Add a turn that isn't talk and move the head to it, in one transaction.

    `parent` names its parent, given the chat's row as it is once the transaction holds it.

    Raises:
        Refused: `invalid` for a change that can't be applied, `busy`, `not_found`, `unavailable`.
    """
    if earlier := _changed_before(chat, client_turn_id):
        return earlier
    try:
        with transaction.atomic():
            if is_pending(chat):
                chat_store(chat=chat)
            turn = _add(chat, client_turn_id, parent, kind, parameters, given)
    except (IntegrityError, _Taken):
        # Lost a race: to this very message, sent twice at once, or to a reply.
        if earlier := _changed_before(chat, client_turn_id):
            return earlier
        raise refusal_to_move(chat) from None
    chat._state.adding = False
    return Changed(turn.pk, (turn.pk,))


def _changed_before(chat: Chat, client_turn_id: UUID) -> Changed | None:
    """What this very message did, if it was carried out; the head may have moved since."""
    turn = turn_sent(chat, client_turn_id)
    if turn is None:
        return None
    return Changed(Chat.objects.values_list("head_id", flat=True).get(pk=chat.pk), (turn.pk,))


def _add(
    chat: Chat,
    client_turn_id: UUID,
    parent: Callable[[Chat], UUID | None],
    kind: TurnKind,
    parameters: dict[str, Any],
    given: State | None,
) -> Turn:
    # The row count decides a race with a reply that begins; the winner holds the row until the
    # transaction ends.
    free = Chat.objects.filter(pk=chat.pk, running=None, deleted=None)
    if not free.update(**Chat.objects.done_now()):
        raise _Taken
    row = Chat.objects.select_related("checkpoint").get(pk=chat.pk)
    key = parent(row)
    above = None
    if key is not None:
        above = Turn.objects.filter(pk=key, chat=chat).first()
        if above is None:
            raise Refused("not_found", NO_TURN)
        if not above.is_committed:
            raise Refused("invalid", _("This turn has no memory to change."))
    before = state_after(turn=above, checkpoint=row.checkpoint)
    try:
        after = changed(before, kind, parameters, given, row.checkpoint.model_config)
    except StateEditError as fault:
        raise Refused("invalid", in_words_later(fault)) from fault
    now = timezone.now()
    turn = Turn.objects.create(
        pk=uuid4(),
        chat=row,
        parent=above,
        kind=kind,
        parameters=parameters,
        given=given.to_bytes() if given is not None else None,
        client_turn_id=client_turn_id,
        status=TurnStatus.COMPLETE,
        seed=0,
        state=after.to_bytes(),
        state_sha256=after.sha256(),
        machine=fingerprint(),
        created=now,
        finished=now,
    )
    Chat.objects.filter(pk=chat.pk).update(head_id=turn.pk)
    return turn
