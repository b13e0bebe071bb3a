"""Exchanges that have nothing to do with anybody's facts: what stands in the gap.

The exam draws from a language's exchanges.txt, written for this project, so that a fresh clone can
run it; training draws from the corpora and leaves these unseen.
"""

from __future__ import annotations

import random

from memory_app.core.facts.language import Language, spoken


def own_exchanges(language: Language | None = None) -> tuple[tuple[str, str], ...]:
    """The project's own (user, bot) exchanges, in the file's order."""
    return spoken(language).exchanges


def own_fillers(
    rng: random.Random, count: int, language: Language | None = None
) -> list[tuple[str, str]]:
    """Draw `count` of the own exchanges, none twice while they last."""
    pairs = own_exchanges(language)
    if count <= len(pairs):
        return rng.sample(pairs, count)
    return [rng.choice(pairs) for _ in range(count)]


def identity_exchanges(
    rng: random.Random, count: int, language: Language | None = None
) -> list[tuple[str, str]]:
    """Draw `count` exchanges about the bot itself, of small change or of small talk."""
    return spoken(language).small_talk.exchanges(rng, count)
