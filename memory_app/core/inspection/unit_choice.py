"""Units of a part of a state chosen by hand: by their numbers, or the largest."""

from __future__ import annotations

import regex
from torch import Tensor

from memory_app.core.messages import SentenceError

_RANGE = regex.compile(r"(\d{1,6})(?:\s*[-–—:]\s*(\d{1,6}))?")
#: A unit as `memory.set` names it: a number, or [head, i, j] of a matrix part.
Unit = int | list[int]


class UnitChoiceError(SentenceError):
    """Units that can't be chosen; one sentence for a person."""


def parse_units(text: str, count: int) -> list[int]:
    """The units that a list like "0-9, 15 20" names, ascending, each once, of `count` from 0 on.

    Raises:
        UnitChoiceError: no list of this form, or a unit that isn't there.
    """
    chosen: set[int] = set()
    for piece in regex.split(r"\s*[,;，、；\n]\s*|(?<=\d)\s+(?=\d)", text.strip()):
        match = _RANGE.fullmatch(piece.strip())
        if match is None:
            raise UnitChoiceError("Write units as numbers and ranges, for example 0-9, 15.")
        first = int(match[1])
        last = int(match[2]) if match[2] else first
        if first > last or last >= count:
            raise UnitChoiceError("The units are numbered from 0 to {last}.", last=count - 1)
        chosen.update(range(first, last + 1))
    return sorted(chosen)


def largest_units(values: Tensor, n: int) -> list[Unit]:
    """The places of the n largest values by size, largest first; ties in the order of the bytes.

    `values` is a part of one layer, [units] or [heads, i, j]; the places are as `memory.set` names
    them.
    """
    flat = values.detach().abs().flatten()
    order = flat.argsort(descending=True, stable=True)[:n].tolist()
    if values.dim() == 1:
        return order
    places: list[Unit] = []
    for at in order:
        indices = []
        for length in reversed(values.shape):
            at, index = divmod(at, length)
            indices.append(index)
        places.append(indices[::-1])
    return places
