"""A turn's life: begun once, committed or ended once, recovered when its process died.

Lock order: chat, then turn, as in a purge. In two orders two transactions of a database that
locks rows would wait for each other.
"""

import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from memory_app import limits, process_liveness
from memory_app.core.cells.hold import Hold, HoldError, parse_hold
from memory_app.core.cpu import fingerprint
from memory_app.core.model.adapter import Adapter
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.state import State
from memory_app.core.sampling.settings import Sampling, SamplingError
from memory_app.models import COMMITTED, Chat, SearchChunk, TrainingRun, Turn, TurnKind, TurnStatus
from memory_app.pending_chats import is_pending
from memory_app.refusal import Refused
from memory_app.services.chat.fixed_reply import FIXED
from memory_app.services.chat.guests import may_go_on
from memory_app.services.chat.long_term import adapter_of
from memory_app.services.chat.memory import (
    NO_TURN,
    blanked_before,
    chat_model,
    refusal_to_move,
    state_after,
    turn_replay,
    turn_sent,
)
from memory_app.services.chat.pending_chats import chat_store
from memory_app.services.chat.titles import own_words, says_something, title_from
from memory_app.translate_messages import in_words_later
from memory_app.word_filter import crisis_language, is_refused

log = logging.getLogger(__name__)
#: The fields that are read again of a turn that another process ended.
_ENDED_WITH = ("status", "reply_text", "reply_token_ids", "state_sha256")


class TurnGone(LookupError):
    """The turn isn't running any more: its chat was deleted, or recovery ended it."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn to generate. `created` is False for a repeated message: nothing to do."""

    turn: Turn
    created: bool
    model: Checkpoint | None = None
    before: State | None = None
    sampling: Sampling | None = None
    hold: Hold | None = None
    adapter: Adapter | None = None
    # When the message was received, by a monotonic clock.
    taken: float = field(default_factory=time.monotonic)


def turn_begin(
    *,
    chat: Chat,
    client_turn_id: UUID,
    text: str | None = None,
    target: UUID | None = None,
    sampling: Mapping[str, Any] | None = None,
    hold: object = None,
) -> Begun:
    """Take the chat for one more turn: after the head, or as a sibling of `target`.

    `hold`: gates to hold meanwhile (core/cells/hold.py), as JSON's types.
    text alone: a message. target alone: the reply again. Both: the message edited. A repeated
    `client_turn_id` gives its first turn, whatever its status.

    Raises:
        Refused: `busy`, `invalid`, `too_long`, `not_found`, `rate_limited`, `quota`,
            `unavailable`.
    """
    taken = time.monotonic()
    earlier = turn_sent(chat, client_turn_id)
    if earlier is not None:
        return Begun(earlier, created=False)
    try:
        drawn = Sampling.parse(sampling)
    except SamplingError as fault:
        raise Refused("invalid", in_words_later(fault)) from fault
    config = chat.checkpoint.model_config
    try:
        held = parse_hold(hold, config.kind, config)
    except HoldError as fault:
        raise Refused("invalid", in_words_later(fault)) from fault
    model = chat_model(sha256=chat.checkpoint.sha256)
    text_ids = model.tokenizer.encode(text) if text is not None else None
    if text_ids is not None and len(text_ids) > settings.TURN_MAX_IDS:
        raise Refused("too_long", too_many_tokens(len(text_ids)))
    may_go_on(chat)
    if text is not None and is_refused(text, "user"):
        raise Refused("invalid", _("This message has words that aren’t allowed here."))
    if text_ids is not None:
        limits.enter("ids", cost=len(text_ids))
    try:
        with transaction.atomic():
            if is_pending(chat):
                if target is not None:
                    raise Refused("not_found", NO_TURN)
                chat_store(chat=chat)
            turn, before, adapter = _claim(
                chat, client_turn_id, text, text_ids, target, drawn, held, model
            )
    except (IntegrityError, _Taken):
        # Lost a race: to this very message, sent twice at once, or to another one.
        earlier = turn_sent(chat, client_turn_id)
        if earlier is not None:
            return Begun(earlier, created=False)
        raise refusal_to_move(chat) from None
    chat._state.adding = False
    return Begun(turn, True, model, before, drawn, held, adapter, taken)


def too_many_tokens(count: int, *, stored: bool = False) -> Promise:
    """Why a message with this token count is refused, and what to do about it."""
    sentence = (
        _("This message has {count} tokens, and at most {most} can be read: edit it shorter.")
        if stored
        else _(
            "This message has {count} tokens, and at most {most} are allowed: "
            "shorten it or send it in parts."
        )
    )
    return format_lazy(sentence, count=f"{count:,}", most=f"{settings.TURN_MAX_IDS:,}")


class _Taken(Exception):
    """Another turn runs in this chat."""


def _claim(
    chat: Chat,
    client_turn_id: UUID,
    text: str | None,
    text_ids: list[int] | None,
    target: UUID | None,
    sampling: Sampling,
    hold: Hold | None,
    model: Checkpoint,
) -> tuple[Turn, State, Adapter | None]:
    now = timezone.now()
    key = uuid4()
    # This UPDATE decides the race: its row count is 1 for one of any number of contenders, on
    # SQLite and PostgreSQL alike, and the winner holds the row until the transaction ends. The
    # turn that it names is inserted below (foreign keys are checked at the end).
    free = Chat.objects.filter(pk=chat.pk, running=None, deleted=None)
    if not free.update(running_id=key, **Chat.objects.done_now()):
        raise _Taken
    row = Chat.objects.select_related("head", "checkpoint").get(pk=chat.pk)
    parameters: dict[str, Any] = {}
    if target is None:
        parent = row.head
        if parent is None and row.blanked_id:
            # Where the page goes on after a blanked memory: the earlier turns stay on it, greyed.
            parameters["blanked"] = str(row.blanked_id)
    else:
        sibling = Turn.objects.filter(pk=target, chat=chat, kind=TurnKind.TALK).first()
        if sibling is None:
            raise Refused("not_found", NO_TURN)
        parent = sibling.parent
        if blanked := blanked_before(sibling):
            parameters["blanked"] = str(blanked)
        if text is None:
            text, text_ids = sibling.user_text, sibling.user_token_ids
            limits.enter("ids", cost=len(text_ids))
            # Stored before the bound was, or imported: it is read again only within the bound.
            if len(text_ids) > settings.TURN_MAX_IDS:
                raise Refused("too_long", too_many_tokens(len(text_ids), stored=True))
    assert text is not None
    assert text_ids is not None
    if crisis_language(text):
        parameters[FIXED] = "crisis"
    before = state_after(turn=parent, checkpoint=row.checkpoint)
    adapter = adapter_of(chat=row, model=model)
    turn = Turn.objects.create(
        pk=key,
        chat=row,
        parent=parent,
        client_turn_id=client_turn_id,
        parameters=parameters,
        user_text=text,
        user_token_ids=text_ids,
        seed=sampling.seed,
        sampling=sampling.to_dict(),
        hold=hold.to_dict() if hold is not None else None,
        adapter_sha256=adapter.sha256 if adapter is not None else None,
        process=process_liveness.process_id(),
        heartbeat=now,
        created=now,
    )
    title = _title(row, text)
    if title != row.title:
        Chat.objects.filter(pk=row.pk).update(title=title)
    return turn, before, adapter


def _title(chat: Chat, text: str) -> str:
    """The title with this message: a greeting until a message has a topic."""
    if not chat.title:
        return title_from(text) or own_words(text)
    better = title_from(text)
    if not better or says_something(chat.title):
        return chat.title
    messages = chat.turns.oldest_first().exclude(user_text="")
    first = messages.values_list("user_text", flat=True).first()
    # A title that a person wrote stays, even without a topic.
    return better if first is not None and own_words(first) == chat.title else chat.title


def turn_commit(
    *,
    turn: Turn,
    model: Checkpoint,
    before: State,
    reply_ids: list[int],
    reply_text: str,
    status: str,
    first_token_ms: int | None = None,
    after: State | None = None,
) -> Turn:
    """Store a turn's reply and state, and move the head: all of it or nothing.

    `after` is the canonical replay of these ids, if the caller has it from a first try.

    Raises:
        TurnGone: the turn isn't running any more; nothing was stored.
    """
    assert status in COMMITTED
    # The replay is slow, so it comes before the transaction, not inside it.
    if after is None:
        after = turn_replay(turn=turn, before=before, reply_ids=reply_ids, model=model)
    now = timezone.now()
    fields: dict[str, Any] = {
        "status": status,
        "reply_text": reply_text,
        "reply_token_ids": reply_ids,
        "state": after.to_bytes(),
        "state_sha256": after.sha256(),
        "machine": fingerprint(),
        "first_token_ms": first_token_ms,
        "finished": now,
    }
    with transaction.atomic():
        Chat.objects.filter(pk=turn.chat_id, running=turn.pk).update(
            head_id=turn.pk, blanked=None, running=None, **Chat.objects.done_now()
        )
        running = Turn.objects.filter(pk=turn.pk, status=TurnStatus.RUNNING)
        if not running.update(**fields):
            raise TurnGone(str(turn.pk))
        SearchChunk.objects.note(turn.chat_id, [(turn.position, reply_text)])
    for name, value in fields.items():
        setattr(turn, name, value)
    return turn


@transaction.atomic
def _end(turn: Turn, status: TurnStatus) -> bool:
    now = timezone.now()
    Chat.objects.filter(pk=turn.chat_id, running=turn.pk).update(
        running=None, **Chat.objects.done_now()
    )
    ended = Turn.objects.filter(pk=turn.pk, status=TurnStatus.RUNNING).update(
        status=status, finished=now
    )
    if ended:
        turn.status, turn.finished = status, now
    else:
        kept = Turn.objects.filter(pk=turn.pk).values(*_ENDED_WITH).first()
        # The chat was purged with its turns: then nothing was stored, and nothing ever will be.
        for name, value in (kept or {"status": TurnStatus.INTERRUPTED}).items():
            setattr(turn, name, value)
    return bool(ended)


def turn_interrupt(*, turn: Turn) -> bool:
    """End a turn whose process ends or died; returns whether this call ended it."""
    return _end(turn, TurnStatus.INTERRUPTED)


def turn_fail(*, turn: Turn) -> bool:
    """End a turn after a fault; the head doesn't move."""
    return _end(turn, TurnStatus.FAILED)


def turn_stop(*, turn: Turn) -> None:
    """Ask the process that generates this turn to stop (by turns_pulse)."""
    Turn.objects.filter(pk=turn.pk, status=TurnStatus.RUNNING).update(stop_requested=True)


def turns_pulse(*, running: Collection[UUID]) -> set[UUID]:
    """Renew the heartbeat of this process's turns; returns those of them that should stop.

    A turn stops because another process was asked to stop it, or because its row is gone.
    """
    rows = Turn.objects.filter(pk__in=running, status=TurnStatus.RUNNING)
    rows.update(heartbeat=timezone.now())
    going_on = rows.filter(stop_requested=False).values_list("pk", flat=True)
    return set(running) - set(going_on)


def turns_recover() -> int:
    """End turns of dead processes as `interrupted`, which frees their chats; returns how many."""
    running = Turn.objects.filter(status=TurnStatus.RUNNING).defer("state", "given")
    count = 0
    for turn in running.order_by("chat_id", "position"):
        if process_liveness.is_dead(turn.process, turn.heartbeat) and turn_interrupt(turn=turn):
            count += 1
    if count:
        log.warning("turns interrupted by a process that died", extra={"count": count})
    still = Turn.objects.filter(status=TurnStatus.RUNNING).values_list("process", flat=True)
    process_liveness.forget_dead(
        {*still, *TrainingRun.objects.held().values_list("process", flat=True)}
    )
    return count
