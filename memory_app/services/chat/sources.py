"""Where a token of a reply came from: bookkeeping, and on request the effect of each turn."""

from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from memory_app import limits, runtime
from memory_app.core.inspection.counterfactual import Step, logprob_after, token_logprob
from memory_app.core.inspection.saliency import shares, token_saliency
from memory_app.core.inspection.sources import Sources, sources
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.state import State
from memory_app.models import Turn, TurnKind
from memory_app.refusal import Refused
from memory_app.services.chat.branch import branch_of
from memory_app.services.chat.memory import DAMAGED, chat_model, state_after, turn_replay
from memory_app.services.chat.traces import trace_from
from memory_app.services.chat.turn_books import aside, books_prepare, turn_written

#: Tokens that the counterfactuals of one token replay at most: some seconds of one core. Turns of
#: which little is read are left out first.
MOST_TOKENS = 20_000
#: Tokens that a gradient is followed through: one or two seconds of a core.
MOST_SALIENT = 2_000
_TOO_LONG = _("This turn is too long for a gradient: at most 2,000 tokens.")


@dataclass(frozen=True, slots=True)
class TokenSources:
    """`turns`: the branch up to the token's own, last; `position`: of the token in its own."""

    turns: list[Turn]
    position: int
    parts: Sources
    model: Checkpoint

    @property
    def size(self) -> int:
        """Bytes, about."""
        return 8 * sum(map(len, self.parts.turns)) + 4096 * len(self.turns)


@dataclass(frozen=True, slots=True)
class Effects:
    """The change of a token's log-probability without each turn; `skipped`: turns not computed."""

    changes: dict[UUID, float]
    skipped: int
    size: int = field(default=4096)


def token_sources(*, turn: Turn, token: int) -> TokenSources | None:
    """Where the reply's token number `token` (from 0) came from, on a committed turn of talk.

    None where the cell's memory is no sum over tokens.

    Raises:
        Refused: `unavailable`, when the model or a state on the way can't be used.
        IndexError: the reply has no such token.
    """
    model = chat_model(sha256=turn.chat.checkpoint.sha256)
    if not model.model.config.kind.has_ledger:
        return None
    if not 0 <= token < len(turn.reply_token_ids):
        raise IndexError(token)
    position = len(model.tokenizer.prompt_ids(turn.user_token_ids)) + token

    def make() -> TokenSources:
        turns = branch_of(chat=turn.chat, last=turn)
        own = turns[-1]
        books_prepare(turns=turns[:-1], model=model)
        earlier = [turn_written(turn=one, model=model) for one in turns[:-1]]
        before = state_after(turn=own.parent, checkpoint=turn.chat.checkpoint)
        start = State.zeros(model.model.config)
        trace = trace_from(turn=own, before=before, model=model)
        parts = aside(partial(sources, earlier, start, trace, position), "ledger")
        return TokenSources(turns, position, parts, model)

    return runtime.get_traces().get((turn.pk, turn.state_sha256, "sources", token), make)


def token_effects(*, found: TokenSources) -> Effects:
    """Each earlier turn left out, the later ones replayed, the token's log-probability again.

    Raises:
        Refused: `unavailable`, when a state on the way can't be used.
    """
    own = found.turns[-1]
    key = (own.pk, own.state_sha256, "effects", found.position)
    return runtime.get_traces().get(key, partial(_effects, found))


@dataclass(frozen=True, slots=True)
class Saliency:
    """Of the newest turns of `TokenSources.turns`, from number `first` on, the share of each token.

    `farther`: tokens before them, which the gradient isn't followed to.
    """

    first: int
    shares: list[list[float]]
    farther: int
    size: int = field(default=65_536)


def saliency(*, found: TokenSources) -> Saliency:
    """How strongly the token's score reacts to each token before it, by the gradient.

    Through at most `MOST_SALIENT` tokens, and no farther than the last turn that has no tokens or
    whose gates were held.

    Raises:
        Refused: `unavailable`, when the state before them can't be used.
    """
    own = found.turns[-1]
    key = (own.pk, own.state_sha256, "saliency", found.position)
    return runtime.get_traces().get(key, partial(_saliency, found))


def _saliency(found: TokenSources) -> Saliency:
    own, model = found.turns[-1], found.model
    encode = model.tokenizer.turn_ids
    parts = [encode(own.user_token_ids, own.reply_token_ids)]
    token_id, parts[0] = parts[0][found.position], parts[0][: found.position]
    first = len(found.turns) - 1
    plain = own.hold is None
    while first and plain:
        turn = found.turns[first - 1]
        if turn.kind != TurnKind.TALK or turn.hold is not None:
            break
        ids = encode(turn.user_token_ids, turn.reply_token_ids)
        if sum(map(len, parts)) + len(ids) > MOST_SALIENT:
            break
        parts.insert(0, ids)
        first -= 1
    if sum(map(len, parts)) > MOST_SALIENT:
        raise Refused("too_long", _TOO_LONG)
    before = state_after(turn=found.turns[first].parent, checkpoint=own.chat.checkpoint)
    fed = [token for ids in parts for token in ids]
    limits.pay("inspections", 3 * len(fed))
    norms = aside(partial(token_saliency, model.model, before, fed, token_id), "effects")
    whole, by_turn, place = shares(norms), [], 0
    for ids in parts:
        by_turn.append(whole[place : place + len(ids)])
        place += len(ids)
    return Saliency(first, by_turn, sum(turn.tokens for turn in found.turns[:first]))


def _effects(found: TokenSources) -> Effects:
    *earlier, own = found.turns
    model, checkpoint = found.model, own.chat.checkpoint
    rows = own.chat.turns.in_bulk([turn.pk for turn in earlier])  # with what a change was made of
    steps = [_step(rows[turn.pk], model) for turn in earlier]
    ids = model.tokenizer.turn_ids(own.user_token_ids, own.reply_token_ids)
    token_id, fed = ids[found.position], ids[: found.position]
    weights = [sum(shares) for shares in found.parts.shares()[:-1]]
    budget, changes = MOST_TOKENS, dict[UUID, float]()
    with_all = None
    for place in sorted(range(len(earlier)), key=weights.__getitem__, reverse=True):
        cost = sum(turn.tokens for turn in earlier[place + 1 :]) + len(fed)
        if cost > budget:
            continue
        budget -= cost
        limits.pay("inspections", cost)
        if with_all is None:
            state = state_after(turn=own.parent, checkpoint=checkpoint)
            with_all = aside(partial(token_logprob, model.model, state, fed, token_id), "effects")
        state = state_after(turn=earlier[place].parent, checkpoint=checkpoint)
        call = partial(logprob_after, model.model, state, steps[place + 1 :], fed, token_id)
        try:
            # A turn at a time, so that several who ask take turns.
            changes[earlier[place].pk] = aside(call, "effects") - with_all
        except (ValueError, TypeError) as fault:
            raise Refused("unavailable", DAMAGED) from fault
    return Effects(changes, len(earlier) - len(changes))


def _step(turn: Turn, model: Checkpoint) -> Step:
    return lambda before: turn_replay(
        turn=turn, before=before, reply_ids=turn.reply_token_ids, model=model
    )
