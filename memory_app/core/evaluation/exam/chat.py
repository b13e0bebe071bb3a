"""A scripted chat of the exam: what is told, and how it is typed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from memory_app.core.evaluation.exam.texts import ExamTexts, Relation

Exchange = tuple[str, str]
LOWER_CASE, WITHOUT_STOP = 0.3, 0.4


@dataclass(frozen=True, slots=True)
class Fact:
    """A relation with the value that a chat tells."""

    relation: Relation
    value: str


def as_typed(rng: random.Random, text: str) -> str:
    """A text as people type it: some in lower case, some without the last full stop."""
    if rng.random() < LOWER_CASE:
        text = text.lower()
    return text.removesuffix(".") if rng.random() < WITHOUT_STOP else text


def overlap(value: str, other: str) -> bool:
    """Whether one value stands in the other, so that a reply could mean either."""
    value, other = value.lower(), other.lower()
    return value in other or other in value


def draw_value(rng: random.Random, values: Sequence[str], taken: Iterable[str]) -> str | None:
    """One of the values that overlaps with none `taken`; None where there is none."""
    taken = tuple(taken)
    free = [value for value in values if not any(overlap(value, other) for other in taken)]
    return rng.choice(free) if free else None


def draw_facts(rng: random.Random, relations: Sequence[Relation], count: int) -> list[Fact]:
    """`count` facts of different topics, whose values can be told apart.

    Raises:
        ValueError: there aren't that many topics.
    """
    facts: list[Fact] = []
    for relation in rng.sample(relations, len(relations)):
        if len(facts) == count:
            break
        if relation.subject in {fact.relation.subject for fact in facts}:
            continue
        value = draw_value(rng, relation.values, [fact.value for fact in facts])
        if value is not None:
            facts.append(Fact(relation, value))
    if len(facts) < count:
        raise ValueError(f"There are no {count} topics.")
    return facts


def acknowledged(rng: random.Random, texts: ExamTexts, said: str) -> Exchange:
    """What a person says, as typed, with a reply that doesn't repeat it."""
    return as_typed(rng, said), rng.choice(texts.sayings.acknowledgements)


def telling(rng: random.Random, texts: ExamTexts, fact: Fact) -> Exchange:
    """The exchange in which a fact is told."""
    return acknowledged(rng, texts, rng.choice(fact.relation.tell).format(value=fact.value))
