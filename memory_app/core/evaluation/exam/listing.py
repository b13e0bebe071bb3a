"""The cell `list`: of five things told, which does the reply to "what do you know about me?" name?

A reply may also name values that were never told. Candidates for these are all values of the five
relations.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from memory_app.core.evaluation.exam.chat import as_typed, draw_facts, telling
from memory_app.core.evaluation.exam.texts import ExamTexts
from memory_app.core.evaluation.recall import Question, without_value
from memory_app.core.facts import Language
from memory_app.core.facts.distractors import own_fillers

LIST_FACTS = 5
LIST_GAP = 2
#: Five things need a longer reply than one.
LIST_TOKENS = 80


@dataclass(frozen=True, slots=True)
class Listing:
    """The question, the values that were told, and values of the same relations that weren't."""

    question: Question
    told: tuple[str, ...]
    never_told: tuple[str, ...]


def draw_listings(
    n: int, seed: int, texts: ExamTexts, language: Language | None = None
) -> list[Listing]:
    """n chats that tell five things each, the same for the same seed."""
    rng = random.Random(f"{seed}/exam/list")
    return [_draw(rng, texts, language) for _ in range(n)]


def _draw(rng: random.Random, texts: ExamTexts, language: Language | None) -> Listing:
    facts = draw_facts(rng, texts.relations, LIST_FACTS)
    told = [telling(rng, texts, fact) for fact in facts]
    told += own_fillers(rng, LIST_GAP, language)
    text = as_typed(rng, rng.choice(texts.sayings.list_questions))
    values = tuple(fact.value for fact in facts)
    known = {value.lower() for value in values}
    others = {v.lower(): v for fact in facts for v in fact.relation.values}
    never_told = tuple(value for key, value in others.items() if key not in known)
    return Listing(Question(tuple(told), text, ""), values, never_told)


def named(reply: str, values: Iterable[str], language: Language | None = None) -> set[str]:
    """The values that stand in the reply as whole words; one within a longer one doesn't count."""
    found = set()
    for value in sorted(values, key=len, reverse=True):
        rest = without_value(reply, value, language)
        if rest != reply:
            found.add(value)
            reply = rest
    return found


def count_named(
    listings: Sequence[Listing], replies: Sequence[str], language: Language | None = None
) -> dict[str, int]:
    """How many told values all replies name, and how many never told, at most five a reply.

    Both are counts of LIST_FACTS possible ones a reply.
    """
    right = wrong = 0
    for listing, reply in zip(listings, replies, strict=True):
        found = named(reply, (*listing.told, *listing.never_told), language)
        right += len(found.intersection(listing.told))
        wrong += min(LIST_FACTS, len(found.intersection(listing.never_told)))
    return {"named": right, "false": wrong}
