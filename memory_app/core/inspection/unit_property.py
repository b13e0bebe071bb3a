"""Which units follow a property of the text, checked on text that didn't choose them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from memory_app.core.inspection.unit_index import IndexLayer, UnitIndex

Array = np.ndarray[Any, np.dtype[Any]]
_ROWS = 64  # rows that are turned into float32 at once


@dataclass(frozen=True, slots=True)
class Follower:
    """A unit with Pearson's r to the property on the text that chose it and on held-out text.

    `separation`: of a property that is 0 or 1 the probability, on held-out text, that the unit's
    value is higher where it is 1 (area under the ROC curve; Hanley & McNeil 1982), of a unit with a
    negative r that it is lower; None of other properties.
    """

    unit: int
    chosen: float
    held_out: float
    separation: float | None


@dataclass(frozen=True, slots=True)
class Followers:
    """The units with the largest |r|, best first; `control`: a unit drawn at random, by its seed.

    `n_chosen`, `n_held_out`: tokens of the two halves; `share`: the mean of the property.
    """

    units: list[Follower]
    control: Follower
    n_chosen: int
    n_held_out: int
    share: float


def halves(index: UnitIndex) -> Array:
    """bool [T]: true in every other stretch, from the first on; the others are held out."""
    lengths = np.diff(index.starts).astype(np.int64)
    return np.repeat(np.arange(len(lengths)) % 2 == 0, lengths)


def correlations(layer: IndexLayer, values: Array, where: Array) -> Array:
    """Pearson's r of each unit with `values` [T] over the tokens `where`, float64 [units].

    0 where either is constant.
    """
    at = np.flatnonzero(where)
    wanted = values[at].astype(np.float64)
    wanted -= wanted.mean() if len(at) else 0.0
    spread = float(np.sqrt((wanted**2).sum()))
    found = np.zeros(layer.units)
    if not spread:
        return found
    for first in range(0, layer.units, _ROWS):
        rows = np.asarray(layer.steps[first : first + _ROWS])[:, at].astype(np.float32)
        rows -= rows.mean(axis=1, keepdims=True)
        norm = np.sqrt((rows.astype(np.float64) ** 2).sum(axis=1))
        product = rows @ wanted.astype(np.float32)
        np.divide(product, norm * spread, out=found[first : first + _ROWS], where=norm > 0)
    return found


def separation(values: Array, marks: Array) -> float | None:
    """P(value where marked > value elsewhere) + half of P(equal); None unless there are both."""
    positive = values[marks > 0]
    negative = values[marks <= 0]
    if not len(positive) or not len(negative):
        return None
    _, place, counts = np.unique(
        np.concatenate([positive, negative]), return_inverse=True, return_counts=True
    )
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[place]  # ties share their mean rank, from 1
    n, m = len(positive), len(negative)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def followers(
    index: UnitIndex, layer: IndexLayer, values: Array, *, most: int = 12, seed: int = 0
) -> Followers | None:
    """The units that follow the property `values` [T] most closely; None where it is constant.

    Chosen by |r| on one half of the stretches, examined on the other; so is a random unit.
    """
    chosen = halves(index)
    held = ~chosen
    if not values[chosen].any() or np.ptp(values[chosen]) == 0:
        return None
    first, second = correlations(layer, values, chosen), correlations(layer, values, held)
    order = np.argsort(-np.abs(first), kind="stable")[:most]
    binary = bool(np.isin(values, (0, 1)).all())
    at = np.flatnonzero(held)

    def follower(unit: int) -> Follower:
        area = None
        if binary:
            area = separation(layer.steps[unit, at], values[at])
            if area is not None and first[unit] < 0:
                area = 1 - area
        return Follower(unit, float(first[unit]), float(second[unit]), area)

    control = int(np.random.default_rng(seed).integers(layer.units))
    return Followers(
        [follower(unit) for unit in order.tolist()],
        follower(control),
        int(chosen.sum()),
        len(at),
        float(values.mean()),
    )
