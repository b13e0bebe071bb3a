"""Texts of random fact dialogues, to learn a tokenizer from and to count its tokens in."""

from __future__ import annotations

import random
from collections.abc import Iterator

from memory_app.core.facts.generator import generate_dialogue
from memory_app.core.facts.language import Language, spoken


def fact_texts(
    rng: random.Random, scope: str, dialogues: int, language: Language | None = None
) -> Iterator[str]:
    """Both speakers' texts of `dialogues` random dialogues about facts of a scope."""
    fillers = spoken(language).small_talk.exchanges
    for _ in range(dialogues):
        dialogue = generate_dialogue(
            rng, fillers=fillers, max_gap=1, scope=scope, language=language
        )
        yield from (text for _, text in dialogue.turns)
