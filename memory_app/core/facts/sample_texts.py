"""Texts of random fact dialogues, to learn a tokenizer from and to count its tokens in."""

from __future__ import annotations

import random
from collections.abc import Iterator

from memory_app.core.facts.generator import generate_dialogue
from memory_app.core.facts.language import Language, spoken
from memory_app.core.facts.relations import Form, catalogue_of, generate_relation_dialogue

#: Share of the dialogues about relations that are of held-out ones: a tokenizer that never met
#: their words would spell them, and an exam would measure the tokenizer.
HELD_OUT = 0.2


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


def relation_texts(rng: random.Random, dialogues: int, code: str) -> Iterator[str]:
    """Both speakers' texts of `dialogues` random dialogues about relations, in a language."""
    fillers = catalogue_of(code).language.small_talk.exchanges
    for _ in range(dialogues):
        form = Form(max_gap=1, held_out=rng.random() < HELD_OUT)
        dialogue = generate_relation_dialogue(rng, fillers=fillers, form=form, language=code)
        yield from (text for _, text in dialogue.turns)
