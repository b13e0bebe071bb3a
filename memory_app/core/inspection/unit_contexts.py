"""Where in a text a unit's value is highest and lowest, and the timescales of a layer's units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from memory_app.core.inspection.unit_index import TOP, IndexLayer, UnitIndex
from memory_app.core.model.config import ModelConfig

Array = np.ndarray[Any, np.dtype[Any]]

#: Where the bins of timescales begin, in tokens; the last has no end.
BINS = (0.0, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)


@dataclass(frozen=True, slots=True)
class Context:
    """The token at which the value is, and the tokens first … stop - 1 around it."""

    token: int
    value: float
    first: int
    stop: int


def extremes(
    index: UnitIndex,
    layer: IndexLayer,
    unit: int,
    *,
    highest: bool,
    most: int = 10,
    width: int = 12,
) -> list[Context]:
    """The places where a unit's value is highest (or lowest), at most one of a stretch.

    Ties in the order of the text.
    """
    row = np.asarray(layer.steps[unit], np.int16)
    if not highest:
        row = -row
    begins = index.starts[:-1].astype(np.int64)
    best = np.maximum.reduceat(row, begins)
    found = []
    for stretch in np.argsort(-best, kind="stable")[:most].tolist():
        first, stop = int(index.starts[stretch]), int(index.starts[stretch + 1])
        token = first + int(row[first:stop].argmax())
        value = float(layer.steps[unit, token]) * layer.scale / TOP
        found.append(Context(token, value, *index.around(token, width)))
    return found


def timescales(config: ModelConfig, number: int, layer: IndexLayer) -> Array | None:
    """-1 / ln(mean keep gate) of each unit, in tokens, float64 [units]; None without such a gate.

    As `unit_figures`, over the whole text.
    """
    keep = config.memory_of(number).keep
    if keep is None or keep not in layer.means:
        return None
    kept = np.clip(layer.means[keep].astype(np.float64), np.finfo(np.float32).tiny, None)
    with np.errstate(divide="ignore"):
        return np.asarray(1.0 / np.abs(np.log(kept)))


def timescale_counts(values: Array) -> list[int]:
    """How many units have a timescale in each of `BINS`."""
    place = np.searchsorted(np.asarray(BINS), values, side="right") - 1
    return np.bincount(place, minlength=len(BINS)).tolist()
