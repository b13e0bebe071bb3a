"""Dialogues about relations: who tells what of whom, taken from one random.Random.

Relations, whose they are, values and phrasings are drawn independently, so that nothing but the
words before a value says what it answers.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from memory_app.core.facts.curriculum import draw_gap
from memory_app.core.facts.fact_sampler import Fillers
from memory_app.core.facts.generator import FactDialogue, Probe
from memory_app.core.facts.hold_out import is_held_out
from memory_app.core.facts.language import ENGLISH
from memory_app.core.facts.relations.catalogue import Catalogue, catalogue_of
from memory_app.core.facts.relations.drills import words_of
from memory_app.core.facts.relations.person import Owner
from memory_app.core.facts.relations.record import Told, Topic
from memory_app.core.facts.relations.relation import Relation
from memory_app.core.facts.relations.writer import RelationWriter

#: How a dialogue goes: all told, then asked; anything in any order; nothing told of what is asked.
KINDS = ("round", "chat", "abstain")
_KIND_WEIGHTS = (0.45, 0.47, 0.08)
#: Shares of what is told: of others than the speaker, and a relation told already, of another.
OF_OTHERS, SAME_RELATION = 0.35, 0.3
#: Of the questions for what wasn't told, those near to something told.
NEAR = 0.6
#: Share of the messages with a correction in which it follows at once.
AT_ONCE = 0.4
_TRIES = 60


@dataclass(frozen=True, slots=True)
class Form:
    """What a run asks of its dialogues.

    max_facts: told at most; max_gap: exchanges between at most; drills: share of dialogues that are
    drills; any_word: share of open values that are any of `words`; made_up: share of names that
    nobody bears; noise: 0 typed neatly, 1 as people type; loose: share of phrasings with words left
    out, put in or exchanged; slips: share of the bot's turns that are wrong, at no loss; held_out:
    relations that training never asks, and values that it never tells, in place of the others.
    """

    max_facts: int = 8
    max_gap: int = 6
    drills: float = 0.0
    any_word: float = 0.1
    made_up: float = 0.3
    noise: float = 1.0
    loose: float = 0.0
    slips: float = 0.0
    held_out: bool = False


class _Plan:
    """Draws what one dialogue tells and asks."""

    def __init__(
        self, rng: random.Random, catalogue: Catalogue, form: Form, words: Sequence[str]
    ) -> None:
        self.rng, self.catalogue, self.form = rng, catalogue, form
        self.words = words or catalogue.values.lists["things"]
        self.relations, self.weights = _weighed(catalogue, form.held_out)
        self.cast = self._cast()

    def _cast(self) -> list[Owner]:
        """The few people that this dialogue may speak of."""
        rng, people = self.rng, self.catalogue.people
        cast = [rng.choice(people.owners) for _ in range(3)]
        for named in rng.sample(people.named, 2):
            text = rng.choice(people.friend).format(n=named.text)
            cast.append(Owner(text, named.pronoun))
        return list({owner.text: owner for owner in cast}.values())

    def _relation(self) -> Relation:
        return self.rng.choices(self.relations, cum_weights=self.weights)[0]

    def topic(self, writer: RelationWriter, near: Topic | None = None) -> Topic:
        """A topic of which nothing was told; with `near` one that is like it, where there is."""
        rng = self.rng
        for attempt in range(_TRIES):
            relation = near.relation if near and attempt < _TRIES // 2 else self._relation()
            noun = rng.choice(self.catalogue.values.lists[relation.nouns]) if relation.nouns else ""
            if near and relation == near.relation and near.noun and rng.random() < 0.5:
                noun = near.noun
            topic = Topic(relation, self._owner(relation), noun)
            if writer.memory.is_free(topic):
                return topic
        raise RuntimeError("No relation is left to tell.")

    def _owner(self, relation: Relation) -> Owner | None:
        if relation.with_other:
            return self.rng.choice(self.cast)
        if relation.of != "anyone" or self.rng.random() >= OF_OTHERS:
            return None
        return self.rng.choice(self.cast)

    def value(self, relation: Relation, writer: RelationWriter, not_this: str = "") -> str:
        """A value that nothing known has: a wrong answer must not be right by chance."""
        rng, form, values = self.rng, self.form, self.catalogue.values
        taken = f" {not_this.lower()} "
        for _ in range(_TRIES):
            named = any(kind.endswith("names") for kind in relation.value)
            if named and not form.held_out and rng.random() < form.made_up:
                value = values.made_up.name(rng)
            elif self._is_open(relation) and rng.random() < form.any_word:
                value = rng.choice(self.words)
            else:
                value = values.draw(rng, relation.value, held_out=form.held_out)
            if not_this and (f" {value.lower()} " in taken or taken in f" {value.lower()} "):
                continue
            if writer.memory.has_value(value) or (not form.held_out and _is_kept(value, relation)):
                continue
            if any(value.lower() in owner.text.lower() for owner in self.cast):
                continue
            return value
        return value

    def _is_open(self, relation: Relation) -> bool:
        kinds = relation.value
        return not self.form.held_out and relation.open and self.catalogue.values.is_open(kinds)

    def fact(self, writer: RelationWriter) -> Told:
        """Something new to tell; now and then what was told already, of somebody else."""
        told = writer.memory.told
        near = self.rng.choice(told).topic if told and self.rng.random() < SAME_RELATION else None
        if near and near.relation.of != "anyone" and not near.noun:
            near = None
        topic = self.topic(writer, near)
        return self.of(topic, writer)

    def of(self, topic: Topic, writer: RelationWriter, not_this: str = "") -> Told:
        """A topic with a value and a clause."""
        relation = topic.relation
        clause = self.rng.choice(topic.sayable(relation.say + relation.tell))
        return Told(topic, self.value(relation, writer, not_this), clause)

    def facts(self, writer: RelationWriter, count: int) -> list[Told]:
        """`count` facts of topics that differ, with values that differ."""
        facts: list[Told] = []
        for _ in range(_TRIES):
            if len(facts) == count:
                break
            fact = self.fact(writer)
            words = f" {fact.value.lower()} "
            for other in facts:
                others = f" {other.value.lower()} "
                if other.topic.key == fact.topic.key or words in others or others in words:
                    break
            else:
                facts.append(fact)
        return facts

    def unknown(self, writer: RelationWriter) -> Topic:
        """Something never told, mostly near to what was."""
        told = writer.memory.told
        near = self.rng.choice(told).topic if told and self.rng.random() < NEAR else None
        return self.topic(writer, near)


def _weighed(catalogue: Catalogue, held_out: bool) -> tuple[list[Relation], list[float]]:
    key = (id(catalogue), held_out)
    if key not in _WEIGHED:
        relations = list(catalogue.of(held_out=held_out))
        total, weights = 0.0, []
        for relation in relations:
            total += relation.weight
            weights.append(total)
        _WEIGHED[key] = (relations, weights)
    return _WEIGHED[key]


_WEIGHED: dict[tuple[int, bool], tuple[list[Relation], list[float]]] = {}


def _is_kept(value: str, relation: Relation) -> bool:
    """Whether a made-up or any word is one that the exam keeps; lists are split already."""
    return relation.open and is_held_out(value)


def _correct(plan: _Plan, writer: RelationWriter, told: Told, *, at_once: bool) -> None:
    new = plan.of(told.topic, writer, not_this=told.value)
    writer.correct(new, told.value, at_once=at_once)


def _tell(plan: _Plan, writer: RelationWriter, count: int) -> None:
    facts = plan.facts(writer, count)
    writer.tell(facts)
    if len(facts) == 1 and plan.rng.random() < 0.08:
        _correct(plan, writer, facts[0], at_once=True)


def _ask_something(plan: _Plan, writer: RelationWriter) -> None:
    """One question of any kind."""
    rng, memory = plan.rng, writer.memory
    told = memory.told
    x = rng.random()
    if not told or x < 0.22:
        if memory.forgotten and rng.random() < 0.6:
            writer.ask(rng.choice(memory.forgotten))
        elif x < 0.03:
            writer.ask_who_told(plan.unknown(writer))
        else:
            topic = plan.unknown(writer)
            writer.ask(topic)
            if rng.random() < 0.25 and not plan.form.slips:
                writer.tell([plan.of(topic, writer)])
        return
    fact = rng.choice(told)
    if x < 0.28:
        writer.ask_all()
    elif x < 0.32:
        writer.ask_who_told(fact.topic)
    elif x < 0.36:
        other = plan.value(fact.topic.relation, writer, not_this=fact.value)
        writer.confirm(fact, other)
    else:
        _ask_fact(plan, writer, fact)


def _ask_fact(plan: _Plan, writer: RelationWriter, fact: Told) -> None:
    writer.ask(fact.topic)
    topic = fact.topic
    same = [
        other.topic.owner
        for other in writer.memory.told
        if other.topic.relation == topic.relation
        and other.topic.noun == topic.noun
        and other.topic.owner != topic.owner
    ]
    if same and topic.relation.of == "anyone" and plan.rng.random() < 0.4:
        writer.ask_same_of(topic, plan.rng.choice(same))


def _round(plan: _Plan, writer: RelationWriter) -> None:
    """All is told, with little between; then a gap; then each is asked, in any order."""
    rng, form, memory = plan.rng, plan.form, writer.memory
    left = rng.randint(1, form.max_facts)
    while left > 0:
        count = min(left, rng.choice((1, 1, 1, 2, 2, 3)))
        _tell(plan, writer, count)
        left -= count
        if form.max_gap and rng.random() < 0.25:
            writer.fill(1)
    writer.fill(draw_gap(rng, form.max_gap))
    if rng.random() < 0.2:
        _correct(plan, writer, rng.choice(memory.told), at_once=False)
        writer.fill(draw_gap(rng, form.max_gap) // 2)
    if rng.random() < 0.15:
        writer.forget(rng.choice(memory.told))
        writer.fill(draw_gap(rng, form.max_gap) // 2)
        if rng.random() < 0.7:
            writer.ask(rng.choice(memory.forgotten))
    asked = memory.told
    rng.shuffle(asked)
    for fact in asked:
        if memory.known(fact.topic) is None:
            continue
        if rng.random() < 0.35:
            writer.fill(draw_gap(rng, form.max_gap) // 2)
        if rng.random() < 0.25:
            _ask_something(plan, writer)
        if memory.known(fact.topic) is not None:
            _ask_fact(plan, writer, fact)


def _chat(plan: _Plan, writer: RelationWriter) -> None:
    """Telling, asking, correcting, taking back and other talk in any order."""
    rng, form, memory = plan.rng, plan.form, writer.memory
    if rng.random() < 0.4:
        writer.fill(1)
    _tell(plan, writer, 1)
    for _ in range(rng.randint(5, 14)):
        x = rng.random()
        if x < 0.28 and len(memory.told) < form.max_facts:
            _tell(plan, writer, min(form.max_facts - len(memory.told), rng.choice((1, 1, 2, 3))))
        elif x < 0.5:
            writer.fill(min(draw_gap(rng, form.max_gap), rng.randint(1, 4)))
        elif x < 0.57 and memory.told:
            fact = rng.choice(memory.told)
            _correct(plan, writer, fact, at_once=False)
            if rng.random() < 0.5:
                writer.ask(fact.topic)
        elif x < 0.62 and memory.told:
            if rng.random() < 0.06:
                writer.forget_all()
            else:
                writer.forget(rng.choice(memory.told))
            if rng.random() < 0.6:
                writer.ask(rng.choice(memory.forgotten))
        else:
            _ask_something(plan, writer)
    if memory.told:
        _ask_fact(plan, writer, rng.choice(memory.told))
    else:
        writer.ask(plan.unknown(writer))


def _abstain(plan: _Plan, writer: RelationWriter) -> None:
    """Little or nothing is told, and something else is asked for."""
    rng, form = plan.rng, plan.form
    if rng.random() < 0.6:
        _tell(plan, writer, 1)
    writer.fill(draw_gap(rng, form.max_gap))
    for _ in range(rng.randint(1, 3)):
        writer.ask(plan.unknown(writer))
    if rng.random() < 0.2:
        writer.ask_all()
    for fact in writer.memory.told:
        writer.ask(fact.topic)


_FORMS = {"round": _round, "chat": _chat, "abstain": _abstain}


def generate_relation_dialogue(
    rng: random.Random,
    *,
    fillers: Fillers,
    form: Form | None = None,
    kind: str | None = None,
    words: Sequence[str] = (),
    language: str = ENGLISH,
) -> FactDialogue:
    """Draw one dialogue to learn from; the last question is its probe.

    fillers(rng, n) gives n (user, bot) exchanges. `words` are those of drills and of any_word, best
    the tokenizer's own (data/word_tokens.py); by default a list of things.

    Raises:
        ValueError: an unknown kind.
    """
    form = form or Form()
    catalogue = catalogue_of(language)
    if kind is not None and kind not in (*KINDS, "drill"):
        raise ValueError(f"kind must be one of {', '.join(KINDS)} or drill.")
    if kind == "drill" or (kind is None and form.drills and rng.random() < form.drills):
        return _drill(rng, catalogue, form, words)
    kind = kind or rng.choices(KINDS, _KIND_WEIGHTS)[0]
    plan = _Plan(rng, catalogue, form, words)
    wrong = partial(_wrong_value, plan)
    writer = RelationWriter(
        rng,
        catalogue,
        fillers,
        form.noise,
        form.loose,
        form.slips,
        lambda told: wrong(writer, told),
    )
    _FORMS[kind](plan, writer)
    if not writer.asked:
        writer.ask(plan.unknown(writer))
    turn, topic, answer, replaced = writer.asked[-1]
    unknown = [(t, _topic(asked)) for t, asked, value, _ in writer.asked if not value]
    return FactDialogue(
        writer.turns,
        Probe(turn, topic.relation.name, topic.noun, answer, kind, replaced),
        writer.answer_turns,
        writer.filler_turns,
        writer.slipped,
        [(t, told.topic.relation.name, told.value) for t, told in writer.mentions],
        [(t, _topic(told)) for t, told in writer.told],
        [(t, _topic(asked)) for t, asked, value, _ in writer.asked if value],
        unknown,
    )


def _topic(topic: Topic) -> tuple[str, str]:
    return (topic.key[0], "/".join(topic.key[1:]))


def _wrong_value(plan: _Plan, writer: RelationWriter, told: Told) -> str:
    return plan.value(told.topic.relation, writer, not_this=told.value)


def _drill(
    rng: random.Random, catalogue: Catalogue, form: Form, words: Sequence[str]
) -> FactDialogue:
    pairs = rng.randint(1, form.max_facts)
    if len(words) < words_of(pairs):  # a tokenizer of few pieces
        words = catalogue.values.lists["things"] + catalogue.values.lists["plural_things"]
    turns, answers, (turn, key, value) = catalogue.drills.dialogue(
        rng, catalogue.language, words, pairs, form.noise
    )
    return FactDialogue(turns, Probe(turn, "drill", key, value, "drill"), answers)
