"""Word error rates."""

from __future__ import annotations

from collections.abc import Sequence


def edits(said: Sequence[int], heard: Sequence[int]) -> int:
    """The fewest words to add, drop or change (Levenshtein 1966)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row[0] = row[:], i
        for j, other in enumerate(heard, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (word != other))
    return row[-1]


def word_error_rate(said: Sequence[Sequence[int]], heard: Sequence[Sequence[int]]) -> float:
    """Edits of all recordings over their words; above 1 where more is heard than said.

    Raises:
        ValueError: nothing was said.
    """
    words = sum(map(len, said))
    if not words:
        raise ValueError("An error rate needs words.")
    return sum(edits(a, b) for a, b in zip(said, heard, strict=True)) / words
