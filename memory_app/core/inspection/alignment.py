"""Which tokens of two turns belong together, in the same order in both."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher


def align(own: Sequence[int], other: Sequence[int]) -> list[int | None]:
    """For each token of `own` the place in `other` of the one it is aligned with, or None.

    By the longest stretch that both have in common, and so on to its left and right (Ratcliff &
    Metzener 1988): not the longest common subsequence, but stretches of text stay whole. Between
    two such stretches, where as many tokens lie here as there, these replace each other one by
    one ("live in Oslo", "live in Rome").
    """
    places: list[int | None] = [None] * len(own)
    here = there = 0  # behind the stretch before
    for first, second, length in SequenceMatcher(None, own, other, False).get_matching_blocks():
        if first - here == second - there and length and here:
            places[here:first] = range(there, second)
        places[first : first + length] = range(second, second + length)
        here, there = first + length, second + length
    return places
