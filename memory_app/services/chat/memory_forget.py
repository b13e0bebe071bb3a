"""Forget one turn: every later turn of the branch is replayed as if it had never been said.

Nothing is rewritten: the replayed turns are new siblings. The replay takes seconds for a long
branch, so it lies between a plan, which only reads, and a transaction, which stores all or nothing.
"""

from dataclasses import dataclass
from uuid import UUID, uuid4, uuid5

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from memory_app import limits
from memory_app.core.cpu import fingerprint
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.replay import configure_process
from memory_app.core.model.state import State
from memory_app.models import Chat, SearchChunk, Turn
from memory_app.refusal import Refused
from memory_app.services.chat.branch import way_to
from memory_app.services.chat.memory import (
    BUSY,
    DAMAGED,
    NO_TURN,
    blanked_before,
    chat_model,
    refusal_to_move,
    state_after,
    turn_replay,
    turn_sent,
)
from memory_app.services.chat.memory_change import Changed

#: Tokens after the forgotten turn that are replayed at once: some seconds of one core.
MOST_TOKENS = 20_000


@dataclass(frozen=True, slots=True)
class ForgetPlan:
    """What is to be replayed; `done` where nothing is, because it was forgotten before."""

    chat: Chat
    client_turn_id: UUID
    turn: Turn | None = None
    before: State | None = None
    later: tuple[Turn, ...] = ()
    model: Checkpoint | None = None
    done: Changed | None = None

    @property
    def tokens(self) -> int:
        """The number of tokens that the replay feeds."""
        return sum(turn.tokens for turn in self.later)

    def replay(self) -> list[State]:
        """The state after each later turn without the forgotten one; no database is needed.

        Raises:
            Refused: `unavailable`, when a later turn's row is damaged.
        """
        configure_process()  # torch keeps a thread count per thread, and this may be any
        states: list[State] = []
        state = self.before
        for turn in self.later:
            assert state is not None
            assert self.model is not None
            try:
                state = turn_replay(
                    turn=turn, before=state, reply_ids=turn.reply_token_ids, model=self.model
                )
            except (ValueError, TypeError) as fault:
                raise Refused("unavailable", DAMAGED) from fault
            states.append(state)
        return states


def forget_plan(*, chat: Chat, client_turn_id: UUID, turn: UUID) -> ForgetPlan:
    """Read the branch from the forgotten turn to the head.

    Raises:
        Refused: `busy`; `not_found`; `invalid` for a turn that isn't on the way to the head;
            `too_long` for more tokens than are replayed at once; `unavailable`.
    """
    if done := _forgotten_before(chat, client_turn_id):
        return ForgetPlan(chat, client_turn_id, done=done)
    row = Chat.objects.select_related("checkpoint").filter(pk=chat.pk, deleted=None).first()
    if row is None:
        raise Refused("not_found", NO_TURN)  # a chat without a turn has no row
    if row.running_id is not None:
        raise Refused("busy", BUSY)
    parents = dict(row.turns.values_list("pk", "parent_id"))
    if turn not in parents:
        raise Refused("not_found", NO_TURN)
    later, follows = way_to(row.head_id, parents, after=turn)
    if follows != turn:
        if row.head_id == parents[turn]:
            # The message was sent again after it had moved the head.
            return ForgetPlan(chat, client_turn_id, done=Changed(row.head_id))
        sentence = _("Only a turn on the way to the current memory can be forgotten.")
        raise Refused("invalid", sentence)
    rows = row.turns.defer("state").in_bulk([turn, *later])
    plan = ForgetPlan(row, client_turn_id, rows[turn], later=tuple(rows[key] for key in later))
    if plan.tokens > MOST_TOKENS:
        sentence = _(
            "{count} tokens follow this turn, and at most {most} can be replayed at once: "
            "go back to an earlier turn first."
        )
        raise Refused(
            "too_long",
            format_lazy(sentence, count=f"{plan.tokens:,}", most=f"{MOST_TOKENS:,}"),
        )
    if not later:
        return plan
    limits.enter("ids", cost=plan.tokens)
    return ForgetPlan(
        row,
        client_turn_id,
        plan.turn,
        state_after(turn=rows[turn].parent, checkpoint=row.checkpoint),
        plan.later,
        chat_model(sha256=row.checkpoint.sha256),
    )


def _forgotten_before(chat: Chat, client_turn_id: UUID) -> Changed | None:
    """What this very message did, if it was carried out."""
    first = turn_sent(chat, client_turn_id)
    if first is None:
        return None
    turns = [first.pk]
    while (following := turn_sent(chat, _numbered(client_turn_id, len(turns)))) is not None:
        turns.append(following.pk)
    return Changed(Chat.objects.values_list("head_id", flat=True).get(pk=chat.pk), tuple(turns))


def _numbered(client_turn_id: UUID, number: int) -> UUID:
    """The message's id for the first new turn, and ids made of it for the others."""
    return uuid5(client_turn_id, str(number)) if number else client_turn_id


def forget_store(*, plan: ForgetPlan, states: list[State]) -> Changed:
    """Store the replayed turns and move the head to the last: all of it or nothing.

    Raises:
        Refused: `busy`, when a reply runs or the head has moved since the plan; `not_found`.
    """
    if plan.done is not None:
        return plan.done
    assert plan.turn is not None
    copies = _copies(plan, states)
    old = plan.later[-1].pk if plan.later else plan.turn.pk
    new = copies[-1].pk if copies else plan.turn.parent_id
    try:
        with transaction.atomic():
            # The row count says whether the branch is still the one that was replayed.
            still = Chat.objects.filter(pk=plan.chat.pk, running=None, deleted=None, head=old)
            blanked = blanked_before(plan.turn) if new is None else None
            if not still.update(head_id=new, blanked_id=blanked, **Chat.objects.done_now()):
                raise _refusal(plan, old)
            last = Turn.objects.oldest_first().filter(chat=plan.chat).last()
            for number, copy in enumerate(copies, last.position + 1 if last else 1):
                copy.position = number
            Turn.objects.bulk_create(copies, batch_size=200)
            texts = [
                (copy.position, text)
                for copy in copies
                for text in (copy.user_text, copy.reply_text)
            ]
            SearchChunk.objects.note(plan.chat.pk, texts)
    except IntegrityError:
        # This very message, sent twice at once.
        if done := _forgotten_before(plan.chat, plan.client_turn_id):
            return done
        raise
    return Changed(new, tuple(copy.pk for copy in copies))


def _refusal(plan: ForgetPlan, head: UUID) -> Refused:
    if Chat.objects.filter(pk=plan.chat.pk, running=None, deleted=None).exclude(head=head).exists():
        return Refused("busy", _("The memory has changed meanwhile. Try again."))
    return refusal_to_move(plan.chat)


def _copies(plan: ForgetPlan, states: list[State]) -> list[Turn]:
    """The later turns again, each with its new state, a chain under the forgotten turn's parent."""
    assert plan.turn is not None
    now, machine = timezone.now(), fingerprint()
    copies: list[Turn] = []
    for number, (turn, state) in enumerate(zip(plan.later, states, strict=True)):
        why = {"forgotten": str(plan.turn.pk), "of": str(turn.pk)}
        if not copies and (blanked := blanked_before(plan.turn)):
            why["blanked"] = str(blanked)
        copies.append(
            Turn(
                pk=uuid4(),
                chat=plan.chat,
                parent_id=copies[-1].pk if copies else plan.turn.parent_id,
                kind=turn.kind,
                parameters={**turn.parameters, **why},
                hold=turn.hold,
                adapter_sha256=turn.adapter_sha256,
                given=turn.given,
                client_turn_id=_numbered(plan.client_turn_id, number),
                status=turn.status,
                user_text=turn.user_text,
                reply_text=turn.reply_text,
                user_token_ids=turn.user_token_ids,
                reply_token_ids=turn.reply_token_ids,
                seed=turn.seed,
                sampling=turn.sampling,
                state=state.to_bytes(),
                state_sha256=state.sha256(),
                machine=machine,
                created=now,
                finished=now,
            )
        )
    return copies


def memory_forget(*, chat: Chat, client_turn_id: UUID, turn: UUID) -> Changed:
    """Leave a turn out of the branch of the head, in this thread: plan, replay, store.

    Raises:
        Refused: as `forget_plan` and `forget_store`.
    """
    plan = forget_plan(chat=chat, client_turn_id=client_turn_id, turn=turn)
    return forget_store(plan=plan, states=plan.replay())
