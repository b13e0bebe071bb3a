"""Text as a search compares it: any case, any way of writing the same character.

NFKC after case folding, piece by piece, so that each piece of the result comes from a known stretch
of the original: a search compares folded text, and what is shown and marked is the original.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

# The halfwidth marks that turn ka into ga have no combining class and compose all the same.
_HALFWIDTH_MARKS = "\uff9e\uff9f"
# Code points that select how the one before is drawn, and say nothing.
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
# Hangul vowels and finals: they compose with the consonant before them.
_JAMO = range(0x1160, 0x1200)


@lru_cache(maxsize=4096)
def _joins(char: str) -> bool:
    """Whether a character belongs to the one before it."""
    return (
        unicodedata.category(char) in {"Mn", "Mc", "Me", "Cf"}
        or ord(char) in _JAMO
        or char in _HALFWIDTH_MARKS
    )


@lru_cache(maxsize=65536)
def _folded(piece: str) -> str:
    kept = "".join(
        char
        for char in piece
        # Joiners, soft hyphens and marks of direction can't be seen: two texts that look alike
        # are alike.
        if unicodedata.category(char) != "Cf"
        and not any(ord(char) in selectors for selectors in _SELECTORS)
    )
    folded = unicodedata.normalize("NFD", kept).casefold()
    folded = unicodedata.normalize("NFKD", folded).casefold()
    folded = unicodedata.normalize("NFKC", folded)
    # The capital İ folds to an i with a second dot, which nobody types.
    return folded.replace("i\u0307", "i")


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Where each character begins and ends, what belongs to it included."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not _joins(text[at]):
            yield start, at
            start = at


def fold(text: str) -> str:
    """The text as it is compared; equal for texts that a reader takes for the same."""
    if text.isascii():
        return text.lower()
    return "".join(_folded(text[start:end]) for start, end in _pieces(text))


def _with_origins(text: str) -> tuple[str, Sequence[tuple[int, int]]]:
    """The folded text, and where each of its characters comes from in the original."""
    if text.isascii():
        return text.lower(), [(at, at + 1) for at in range(len(text))]
    folded: list[str] = []
    origins: list[tuple[int, int]] = []
    for start, end in _pieces(text):
        piece = _folded(text[start:end])
        folded.append(piece)
        origins.extend([(start, end)] * len(piece))
    return "".join(folded), origins


def stretches(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where any of `words` stands in `text`: stretches of the original, in order, none in another.

    At each place the longest of the words wins.
    """
    wanted = sorted({fold(word) for word in words} - {""}, key=len, reverse=True)
    line, origins = _with_origins(text)
    marks: list[tuple[int, int]] = []
    at = 0
    while wanted and at < len(line):
        places = [(place, word) for word in wanted if (place := line.find(word, at)) >= 0]
        if not places:
            break
        place, word = min(places, key=lambda pair: (pair[0], -len(pair[1])))
        start, end = origins[place][0], origins[place + len(word) - 1][1]
        # One character may fold to several (ß: ss), and two words meet in the middle of it.
        if marks and start < marks[-1][1]:
            start = marks[-1][1]
        if start < end:
            marks.append((start, end))
        at = place + len(word)
    return marks
