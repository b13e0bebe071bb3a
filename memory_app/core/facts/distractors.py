"""Exchanges that have nothing to do with anybody's facts: what stands in the gap.

The exam draws from `en/exchanges.txt`, written for this project (one "user | bot" a line), so that
a fresh clone can run it; training draws from the corpora and leaves these unseen.
"""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "en" / "exchanges.txt"
SEPARATOR = " | "


@cache
def own_exchanges() -> tuple[tuple[str, str], ...]:
    """The project's own (user, bot) exchanges, in the file's order."""
    pairs = []
    for line in _FILE.read_text("utf-8").splitlines():
        user, _, bot = line.partition(SEPARATOR)
        pairs.append((user, bot))
    return tuple(pairs)


def own_fillers(rng: random.Random, count: int) -> list[tuple[str, str]]:
    """Draw `count` of the own exchanges, none twice while they last."""
    pairs = own_exchanges()
    if count <= len(pairs):
        return rng.sample(pairs, count)
    return [rng.choice(pairs) for _ in range(count)]
