"""A corpus from the fact generator, for a dashboard that has none yet: facts told and asked for."""

from __future__ import annotations

import random
from collections.abc import Iterator

from memory_app.core.data.formats import Taken, Turns
from memory_app.core.facts import generate_dialogue
from memory_app.core.facts.distractors import identity_exchanges

NAME = "sample-facts"
LICENCE = "MIT"
ATTRIBUTION = "Written by Gatescope's fact generator"
#: Dialogues of each split, and the seed that they are drawn with.
SPLITS = {"train": (3000, 20), "valid": (300, 21)}


def sample_dialogues(split: str) -> Iterator[Taken]:
    """The dialogues of one split, the same ones each time, none that the exam tells.

    The exam's own fillers stay unseen: gaps are filled with what the bot says about itself.
    """
    count, seed = SPLITS[split]
    rng = random.Random(seed)
    for number in range(count):
        made = generate_dialogue(rng, fillers=identity_exchanges, max_gap=4, scope="core")
        turns: Turns = [(role, text) for role, text in made.turns]
        yield Taken(turns, f"{split}-{number}")
