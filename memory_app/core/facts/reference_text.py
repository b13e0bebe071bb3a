"""Dialogues in which units are looked up: written for the project, so anyone may read them.

Half tell and ask the facts of the drawers, half any relation; between them the project's own
exchanges. One seed gives one text.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

from memory_app.core.facts.distractors import own_fillers
from memory_app.core.facts.generator import generate_dialogue
from memory_app.core.facts.language import ENGLISH, languages
from memory_app.core.facts.relations import Form, catalogue_of, generate_relation_dialogue

SEED = 1997
#: The longest distance of a question from what it asks for, in exchanges.
_MAX_GAP = 3


def reference_dialogues(language: str, seed: int = SEED) -> Iterator[list[tuple[str, str]]]:
    """Endless dialogues of (user, bot) texts; of a language without texts, English ones."""
    code = language if language in languages() else ENGLISH
    catalogue = catalogue_of(code)
    fillers = partial(own_fillers, language=catalogue.language)
    rng = random.Random(seed)
    while True:
        made = generate_dialogue(
            rng, fillers=fillers, max_gap=_MAX_GAP, scope="all", language=catalogue.language
        )
        yield _exchanges(made.turns)
        related = generate_relation_dialogue(
            rng, fillers=fillers, form=Form(max_gap=_MAX_GAP), language=code
        )
        yield _exchanges(related.turns)


def _exchanges(turns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    texts = [text for _role, text in turns]
    return list(zip(texts[::2], texts[1::2], strict=True))
