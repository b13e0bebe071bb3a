"""Dialogues to learn from: several questions at several distances, in forms of several kinds."""

from __future__ import annotations

import random

from memory_app.core.facts.dialogue_state import Fact
from memory_app.core.facts.fact_sampler import NEAR, Plan

#: Of the drilled values this share is left in chats: what people tell is to be practised there.
DRILLED_IN_CHATS = 0.4
#: People who chat tell of several favourite things, which are easily taken for one another.
MORE_IN_CHATS = {"favourite": 2.0}
#: Of the questions in a chat as many times the run's slips are answered wrongly.
WRONG_ANSWERS = 0.7
#: How often a user puts right what the bot got wrong.
PUT_RIGHT = 0.4
#: A chat tells no more facts than this: with more, few slots are left to ask for in vain.
CHAT_FACTS = 8


def draw_gap(rng: random.Random, max_gap: int) -> int:
    """Exchanges between telling and question: mostly few, now and then anything to max_gap."""
    if max_gap <= 0:
        return 0
    x = rng.random()
    if x < 0.30:
        return 0
    if x < 0.82:
        gap = 1
        while gap < max_gap and rng.random() < 0.6:
            gap += 1
        return gap
    return rng.randint(0, max_gap)


def train(plan: Plan, kind: str, max_gap: int) -> None:
    """Training form: several questions at several distances."""
    rng, writer = plan.rng, plan.writer
    writer.training = True
    writer.slips, writer.wrongly = plan.slips, plan.wrongly
    if rng.random() < 0.22:
        writer.greet()
    if rng.random() < 0.2:
        writer.fill(rng.randint(1, 2))
    if kind == "abstain":
        _train_abstain(plan, max_gap)
        return
    if kind == "chat":
        _train_chat(plan, max_gap)
        return
    count = 1 if kind == "single" or (kind == "update" and rng.random() < 0.5) else 0
    facts = plan.facts(count or rng.choice((2, 2, 3, 3, 4, 4, 5, 6, 8)))
    if kind == "mixed":
        _train_mixed(plan, facts, max_gap)
        return
    plan.tell_all(facts, min(2, max_gap))
    writer.fill(draw_gap(rng, max_gap))
    if kind == "update":
        if rng.random() < 0.5:
            writer.ask(rng.choice(facts))
            writer.fill(draw_gap(rng, max_gap) // 2)
        place = rng.randrange(len(facts))
        facts[place] = plan.correct(facts[place])
        if rng.random() < 0.15:
            facts[place] = plan.correct(facts[place])
        writer.fill(draw_gap(rng, max_gap))
        facts.insert(0, facts.pop(place))
    else:
        rng.shuffle(facts)
    _question_round(plan, facts, max_gap)


def _question_round(plan: Plan, facts: list[Fact], max_gap: int) -> None:
    """Two to six questions; each fact once before any is repeated."""
    rng, writer = plan.rng, plan.writer
    number = rng.randint(2, 4) if len(facts) == 1 else rng.randint(2, max(3, len(facts) + 1))
    queue = (facts + [rng.choice(facts) for _ in range(number)])[: max(number, 2)]
    for i, fact in enumerate(queue):
        if i and rng.random() < 0.55:
            writer.fill(draw_gap(rng, max_gap))
        x = rng.random()
        if x < 0.26:
            writer.ask_unknown(*plan.unknown(NEAR))
        elif x < 0.30 and len(writer.known) > 1:
            writer.ask_two(*rng.sample(list(writer.known.values()), 2))
        elif x < 0.33 and len(writer.known) <= 3:
            writer.ask_all()
        elif x < 0.37:
            writer.confirm(fact, plan.fact(fact.slot, fact.kind, other_than=fact.value))
            continue
        writer.ask(fact)


def _train_abstain(plan: Plan, max_gap: int) -> None:
    rng, writer = plan.rng, plan.writer
    plan.tell_all(plan.facts(rng.choice((0, 0, 1, 1, 1, 2, 3))), min(1, max_gap))
    if writer.known or rng.random() < 0.5:
        writer.fill(draw_gap(rng, max_gap))
    for _ in range(rng.randint(1, 2)):
        if not writer.known and rng.random() < 0.12:
            writer.ask_all()
        slot, k = plan.unknown(NEAR)
        writer.ask_unknown(slot, k)
        if rng.random() < 0.45:
            fact = plan.fact(slot, k)
            if not writer.has_value(fact.value):
                writer.tell_after_question(fact)
        if rng.random() < 0.5:
            writer.fill(draw_gap(rng, max_gap) // 2)
    if writer.known:
        writer.ask(rng.choice(list(writer.known.values())))


def _train_mixed(plan: Plan, facts: list[Fact], max_gap: int) -> None:
    rng, writer = plan.rng, plan.writer
    told: list[Fact] = []
    for fact in facts:
        writer.tell([fact])
        told.append(fact)
        if rng.random() < 0.6:
            writer.fill(draw_gap(rng, max_gap) // 2)
        x = rng.random()
        if x < 0.45:
            writer.ask(rng.choice(told))
        elif x < 0.55:
            place = rng.randrange(len(told))
            told[place] = plan.correct(told[place])
    writer.fill(draw_gap(rng, max_gap))
    rng.shuffle(told)
    _question_round(plan, told, max_gap)


def _train_chat(plan: Plan, max_gap: int) -> None:
    """As people chat: telling, asking, correcting and small talk in any order."""
    rng, writer = plan.rng, plan.writer
    plan.drilled *= DRILLED_IN_CHATS
    plan.more_of = MORE_IN_CHATS
    told = plan.facts(1)
    writer.tell(told[:])
    for _ in range(rng.randint(6, 16)):
        x = rng.random()
        if x < 0.30 and len(told) < CHAT_FACTS:
            together = rng.choices((1, 2, 3), (0.5, 0.38, 0.12))[0]
            new = plan.facts(min(together, CHAT_FACTS - len(told)))
            writer.tell(new)
            told += new
        elif x < 0.48:
            writer.fill(min(draw_gap(rng, max_gap), rng.randint(1, 4)))
        elif x < 0.78:
            fact = rng.choice(told)
            if rng.random() < WRONG_ANSWERS * plan.slips:
                wrong = writer.ask_wrongly(fact)
                if rng.random() < PUT_RIGHT:
                    writer.update(wrong, fact)
            else:
                writer.ask(fact)
        elif x < 0.91:
            slot, k = plan.unknown(NEAR)
            if rng.random() < WRONG_ANSWERS * plan.slips:
                writer.ask_wrongly(plan.fact(slot, k))
                writer.fill(rng.randint(0, 2))
            writer.ask_unknown(slot, k)
            if rng.random() < 0.4 and len(told) < CHAT_FACTS:
                fact = plan.fact(slot, k)
                if not writer.has_value(fact.value):
                    writer.tell_after_question(fact)
                    told.append(fact)
        else:
            place = rng.randrange(len(told))
            told[place] = plan.correct(told[place])
            writer.fill(rng.randint(0, 1))
            if rng.random() < 0.6:
                writer.ask(told[place])
    writer.ask(rng.choice(told))
