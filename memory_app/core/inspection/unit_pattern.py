"""Units that are on over a phrase, and where else in a text the same units are on together.

After LSTMVis (Strobelt et al. 2018): choose a phrase; the units that are on at all of its tokens,
and off just before and after, stand for what it has in common with other places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from memory_app.core.inspection.unit_index import TOP, IndexLayer, UnitIndex

Array = np.ndarray[Any, np.dtype[Any]]

#: Units of a pattern at most: those that are on most strongly. Each costs one pass over its row.
MOST_UNITS = 64
#: The share of a pattern's units that are on at every token of a place that is found.
SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Pattern:
    """`units` int64 [n]; `signs` int8 [n]: on upwards (1) or downwards (-1).

    `step`: a unit is on where sign · step of its value ≥ it. `length`: tokens of the phrase.
    """

    units: Array
    signs: Array
    step: int
    length: int


@dataclass(frozen=True, slots=True)
class Match:
    """The tokens first … stop - 1; `score` in (0, 1]; `shared`: of each token, how many units."""

    first: int
    stop: int
    score: float
    shared: tuple[int, ...]


def step_of(layer: IndexLayer, threshold: float) -> int:
    """The step from which |value| ≥ `threshold` (of the layer's quantity), at least 1."""
    return max(1, int(np.ceil(threshold / layer.scale * TOP - 1e-9)))


def find_pattern(
    layer: IndexLayer,
    first: int,
    last: int,
    *,
    threshold: float,
    off_before: bool = True,
    off_after: bool = True,
    most: int = MOST_UNITS,
) -> Pattern:
    """The units that are on, each with one sign, at all tokens first … last of an indexed text.

    `off_before`: and aren't on, with that sign, at the token before; where there is none they
    count as off. `off_after` likewise. Of more than `most` those with the largest mean |value|.

    Raises:
        ValueError: the range isn't one of the text.
    """
    total = int(layer.steps.shape[1])
    if not 0 <= first <= last < total:
        raise ValueError("The phrase isn't in the text.")
    step = step_of(layer, threshold)
    phrase = np.asarray(layer.steps[:, first : last + 1], np.int16)
    signs = np.where(phrase[:, 0] >= 0, 1, -1).astype(np.int16)
    on = (phrase * signs[:, None] >= step).all(axis=1)
    if off_before and first > 0:
        on &= np.asarray(layer.steps[:, first - 1], np.int16) * signs < step
    if off_after and last + 1 < total:
        on &= np.asarray(layer.steps[:, last + 1], np.int16) * signs < step
    units = np.flatnonzero(on)
    if len(units) > most:
        size = np.abs(phrase[units]).mean(axis=1)
        units = np.sort(units[np.argsort(-size, kind="stable")[:most]])
    return Pattern(units, signs[units].astype(np.int8), step, last - first + 1)


def count_on(layer: IndexLayer, pattern: Pattern) -> Array:
    """Of each token of the text, how many units of the pattern are on: uint8 [T]."""
    counts = np.zeros(layer.steps.shape[1], np.uint8)
    for unit, sign in zip(pattern.units.tolist(), pattern.signs.tolist(), strict=True):
        row = layer.steps[unit]
        on = row >= pattern.step if sign > 0 else row <= -pattern.step
        counts += on.view(np.uint8)
    return counts


def find_places(
    index: UnitIndex, layer: IndexLayer, pattern: Pattern, *, most: int = 20
) -> list[Match]:
    """Where the pattern's units are on together, best first; each place within one stretch.

    A place is a maximal run of tokens at each of which at least half of the units are on. Its
    score = mean share of units on × the ratio of the two lengths, the smaller over the larger.
    Ties in the order of the text. Without units there is no place.
    """
    n = len(pattern.units)
    if n == 0:
        return []
    counts = count_on(layer, pattern)
    on = counts >= max(1, int(np.ceil(SHARE * n)))
    opens = on.copy()
    opens[1:] &= ~on[:-1]
    # A stretch begins anew, also where the one before it ended within a place.
    begins = index.starts[:-1]
    opens[begins] = on[begins]
    firsts = np.flatnonzero(opens)
    if not len(firsts):
        return []
    ends = on.copy()
    ends[:-1] &= ~on[1:]
    closes = index.starts[1:] - 1
    ends[closes] = on[closes]
    stops = np.flatnonzero(ends) + 1
    sums = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    lengths = stops - firsts
    share = (sums[stops] - sums[firsts]) / (lengths * n)
    ratio = np.minimum(lengths, pattern.length) / np.maximum(lengths, pattern.length)
    score = share * ratio
    best = np.argsort(-score, kind="stable")[:most]
    return [
        Match(
            int(firsts[k]),
            int(stops[k]),
            float(score[k]),
            tuple(counts[firsts[k] : stops[k]].tolist()),
        )
        for k in best
    ]
