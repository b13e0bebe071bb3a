"""Texts of random fact dialogues, to learn a tokenizer from and to count its tokens in."""

from __future__ import annotations

import random
from collections.abc import Iterator

from memory_app.core.facts import generate_dialogue
from memory_app.core.facts.small_talk import identity_exchanges


def fact_texts(rng: random.Random, scope: str, dialogues: int) -> Iterator[str]:
    """Both speakers' texts of `dialogues` random dialogues about facts of a scope."""
    for _ in range(dialogues):
        dialogue = generate_dialogue(rng, fillers=identity_exchanges, max_gap=1, scope=scope)
        yield from (text for _, text in dialogue.turns)
