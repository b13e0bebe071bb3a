"""Figures of all rows together, and of each source's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

Row = TypeVar("Row")


def per_source(
    rows: Mapping[str, Sequence[Row]],
    measure: Callable[[Sequence[Row], slice], dict[str, Any]],
) -> dict[str, Any]:
    """`measure` of every row, and under `per_source` that of each of several sources.

    `measure` gets rows and where they lie among all of them, in the mapping's order. Empty where
    there is no row.
    """
    every = [row for own in rows.values() for row in own]
    if not every:
        return {}
    figures = measure(every, slice(0, len(every)))
    start, parts = 0, {}
    for name, own in rows.items():
        parts[name] = measure(own, slice(start, start + len(own)))
        start += len(own)
    return {**figures, "per_source": parts} if len(parts) > 1 else figures
