"""What drawing dialogues costs: those about relations beside those of the first curriculum."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator

from benchmarks.speed.fixtures import Replies
from benchmarks.speed.timing import Line, interleaved
from memory_app.core.facts import generate_dialogue
from memory_app.core.facts.distractors import identity_exchanges
from memory_app.core.facts.relations import generate_relation_dialogue

DIALOGUES = 100


def drawing(replies: Replies, rounds: int) -> Iterator[Line]:
    """Dialogues a second on one core; the goal leaves drawing a small part of a run's time."""
    del replies
    rng = random.Random(1)

    def relations() -> None:
        for _ in range(DIALOGUES):
            generate_relation_dialogue(rng, fillers=identity_exchanges)

    def slots() -> None:
        for _ in range(DIALOGUES):
            generate_dialogue(rng, fillers=identity_exchanges, max_gap=6)

    seconds = interleaved({"relations": relations, "slots": slots}, rounds)
    for name, goal in (("relations", 300.0), ("slots", None)):
        yield Line(
            f"dialogues a second, {name}", DIALOGUES / statistics.median(seconds[name]), goal
        )
