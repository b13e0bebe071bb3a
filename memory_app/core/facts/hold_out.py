"""What is held out of training, so that the exam can ask what no run was taught."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

HOLD_OUT_EVERY = 7
HOLD_OUT_AT = 3
#: The shortest lists of phrasings of which one is held out.
FEWEST_PHRASINGS = HOLD_OUT_AT + 1


def is_held_out(value: str) -> bool:
    """Whether training never tells this value (about one in seven).

    Its own letters decide, so it is held out in every slot at once, however a list grows.
    """
    return zlib.crc32(value.casefold().encode()) % HOLD_OUT_EVERY == 0


def trained(phrasings: Sequence[str]) -> tuple[str, ...]:
    """The part of a list of phrasings that training uses (about six in seven), by their places."""
    return tuple(p for i, p in enumerate(phrasings) if i % HOLD_OUT_EVERY != HOLD_OUT_AT)


def held_out(phrasings: Sequence[str]) -> tuple[str, ...]:
    """The part that only the exam uses."""
    return tuple(p for i, p in enumerate(phrasings) if i % HOLD_OUT_EVERY == HOLD_OUT_AT)
