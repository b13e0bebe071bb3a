"""Which words of a reply the memory gave: found by contrast with the blank memory.

For each piece of the reply, d = ln p(piece | state) - ln p(piece | blank state), both after the
same question and the same words: how much more likely the memory makes it. It is the pointwise
difference that contrastive decoding (Li et al. 2022) and context-aware decoding (Shi et al. 2023)
choose pieces by. Of "You live in Oslo." asked of a memory that was told so, d is 7 nats at "You",
where the reply turns from "I don't know", about 0 at "live in", which follows from the question and
"You", and 8 nats at "Oslo". So the value is what the memory gives after the reply has turned.

Nothing here knows a language or a checkpoint: the blank memory of the same model is the measure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# e² ≈ 7 times as likely as from the blank memory: there the reply turns from what that would say.
TURN = 2.0
# After the turn, from a factor of e on, the memory gives the piece.
GIVEN = 1.0
# A piece beside one that the memory gave belongs to it from a factor of 1.5 on: "New York", whose
# second word the first makes likely without any memory.
BESIDE = 0.4
# They join a word's parts: Jean-Luc, O'Brien.
_JOINTS = "-'’"
# An opening shared by all answers of the blank memory says that it doesn't know, unless a single
# piece is all that they share ("You haven't told me", "You never said").
LEAST_OPENING = 2


def memory_value(
    pieces: Sequence[bytes], own: Sequence[float], blank: Sequence[float]
) -> tuple[int, int] | None:
    """The value's pieces as [start, stop); None where the blank memory would answer so, too.

    pieces: the bytes of each; own, blank: ln p of each from the state and the blank state. Runs of
    pieces that the memory gave are widened to whole words. The first run is where the reply turns:
    it counts only where no other follows ("Clara.", "Yes, you do."). The value reaches from the
    first to the last of the others.
    """
    gain = [a - b for a, b in zip(own, blank, strict=True)]
    turn = next((place for place, d in enumerate(gain) if d >= TURN), None)
    if turn is None:
        return None
    runs: list[tuple[int, int]] = []
    place = turn
    while place < len(gain):
        if gain[place] < GIVEN or not _says(pieces[place]):
            place += 1
            continue
        start, stop = place, place + 1
        # A word that the memory gives after one that it merely makes likelier begins a run.
        while stop < len(gain) and (
            continues(pieces[stop - 1], pieces[stop])
            or (gain[stop] >= BESIDE and _says(pieces[stop]) and not _parts(gain, stop))
        ):
            stop += 1
        while start > 0 and continues(pieces[start - 1], pieces[start]):
            start -= 1
        runs.append((start, stop))
        place = stop
    if not runs:
        return None
    return (runs[1] if len(runs) > 1 else runs[0])[0], runs[-1][1]


def _parts(gain: Sequence[float], place: int) -> bool:
    return gain[place] >= TURN and gain[place - 1] < GIVEN


def continues(before: bytes, piece: bytes) -> bool:
    """Whether a piece goes on in the word, or in the character, that the one before it began."""
    if not piece or 0x80 <= piece[0] < 0xC0:
        return True
    if not before:
        return False
    last = before.decode("utf-8", "replace")[-1]
    first = piece.decode("utf-8", "replace")[0]
    if first in _JOINTS or last in _JOINTS:
        return first.isalnum() or (first in _JOINTS and last.isalnum())
    return first.isalnum() and last.isalnum() and not _stands_alone(first)


def _stands_alone(char: str) -> bool:
    """Whether its script writes words without spaces between them."""
    name = unicodedata.name(char, "")
    return name.startswith(("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR"))


def _says(piece: bytes) -> bool:
    """Whether there is more in a piece than spaces and marks."""
    return any(char.isalnum() or char == "\N{REPLACEMENT CHARACTER}" or ord(char) > 0x2FFF
               for char in piece.decode("utf-8", "replace"))  # fmt: skip


def value_text(pieces: Sequence[bytes]) -> str:
    """The value's words, without the spaces and marks around them."""
    text = b"".join(pieces).decode("utf-8", "replace")
    return text.strip().strip(".,;:!?。，；：！？、").strip()


_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_ARTICLES = frozenset(("a", "an", "the"))


def same_value(one: str, other: str) -> bool:
    """Whether two wordings give the same value: "41" and "41 years", "a teacher" and "Teacher".

    A number alone is the same value as that number with words after it. Any other word makes
    another value: "York" and "New York", "2 cats" and "2 dogs".
    """
    short, long = sorted((_words(one), _words(other)), key=len)
    is_number = len(short) == 1 and short[0][0].isdigit()
    return short == long or (is_number and long[:1] == short)


def _words(value: str) -> list[str]:
    words = _WORD.findall(unicodedata.normalize("NFKC", value).casefold())
    return words[1:] if len(words) > 1 and words[0] in _ARTICLES else words


def abstention(replies: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The pieces with which a model says that it doesn't know.

    replies: the blank memory's to several questions about what it can't know. What all of them
    begin with; () where that is nothing, or a single piece.
    """
    if len(replies) < 2:
        return ()
    length = 0
    for tokens in zip(*replies, strict=False):
        if len(set(tokens)) > 1:
            break
        length += 1
    return tuple(replies[0][:length]) if length >= LEAST_OPENING else ()
