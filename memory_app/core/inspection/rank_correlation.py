"""Spearman's rank correlation (Spearman 1904): how alike two orders are, from -1 to 1."""

from __future__ import annotations

import math
from collections.abc import Sequence


def ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value, from 1; equal ones share the mean of their ranks."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranked = [0.0] * len(values)
    start = 0
    while start < len(order):
        stop = start
        while stop < len(order) and values[order[stop]] == values[order[start]]:
            stop += 1
        for place in order[start:stop]:
            ranked[place] = (start + 1 + stop) / 2
        start = stop
    return ranked


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Pearson's correlation of the ranks; None below three pairs or where one side is constant.

    Raises:
        ValueError: the two differ in length.
    """
    if len(first) != len(second):
        raise ValueError("Both must have one value a pair.")
    if len(first) < 3:
        return None
    a, b = ranks(first), ranks(second)
    middle = (len(a) + 1) / 2
    across = math.fsum((x - middle) * (y - middle) for x, y in zip(a, b, strict=True))
    spread = math.sqrt(
        math.fsum((x - middle) ** 2 for x in a) * math.fsum((y - middle) ** 2 for y in b)
    )
    return max(-1.0, min(1.0, across / spread)) if spread else None
