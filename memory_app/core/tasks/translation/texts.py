"""Pairs of sentences as token ids: <|user|> direction source <|end|> <|bot|> target <|end|>.

One model translates both ways, so the first id that it reads says which. The two ids are bytes that
no UTF-8 text contains: every byte-level vocabulary has them, and no text becomes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from memory_app.core.data.dialogues import Dialogue, Encoded, Source
from memory_app.core.text.scripts import has_han, spaced
from memory_app.core.text.tokenizer import Tokenizer

TO_CHINESE, TO_ENGLISH = "en-zh", "zh-en"
DIRECTIONS = (TO_CHINESE, TO_ENGLISH)
_MARKS = {TO_CHINESE: b"\xfe", TO_ENGLISH: b"\xff"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of a corpus: a sentence in both languages."""

    en: str
    zh: str

    def source(self, direction: str) -> str:
        """What is translated."""
        return self.en if direction == TO_CHINESE else self.zh

    def target(self, direction: str) -> str:
        """What it is translated to."""
        return self.zh if direction == TO_CHINESE else self.en

    @property
    def words(self) -> int:
        """Its length: words of the English sentence."""
        return len(self.en.split())


def pairs_of(rows: Iterable[Dialogue]) -> list[Pair]:
    """The rows of two sentences of which one is Chinese; whichever comes first."""
    pairs = []
    for row in rows:
        if len(row) == 2 and has_han(row[0][1]) != has_han(row[1][1]):
            en, zh = sorted((text for _, text in row), key=has_han)
            pairs.append(Pair(en, zh))
    return pairs


@dataclass(frozen=True, slots=True)
class Example:
    """A pair in one direction as it is fed; the ids from `start` on are those that are guessed."""

    pair: Pair
    direction: str
    ids: np.ndarray
    start: int

    @property
    def source_ids(self) -> list[int]:
        """What is fed before the target."""
        return [int(token_id) for token_id in self.ids[: self.start]]

    def encoded(self) -> Encoded:
        """The ids with their weights in the loss."""
        weights = np.zeros(len(self.ids), np.float32)
        weights[self.start :] = 1.0
        return Encoded(self.ids, weights)


def direction_id(tokenizer: Tokenizer, direction: str) -> int:
    """The id that says which way to translate."""
    return list(tokenizer.pieces).index(_MARKS[direction])


def direction_of(text: str) -> str:
    """The direction that a sentence's script asks for."""
    return TO_ENGLISH if has_han(text) else TO_CHINESE


def source_ids(tokenizer: Tokenizer, text: str, direction: str) -> list[int]:
    """What is fed before a translation."""
    mark = direction_id(tokenizer, direction)
    return tokenizer.prompt_ids([mark, *tokenizer.encode(spaced(text))])


def examples(
    tokenizer: Tokenizer, pairs: Sequence[Pair], direction: str, limit: int
) -> list[Example]:
    """The pairs in one direction; those of more than `limit` ids are left out, not cut."""
    mark = direction_id(tokenizer, direction)
    sources = tokenizer.encode_many([spaced(pair.source(direction)) for pair in pairs])
    targets = tokenizer.encode_many([spaced(pair.target(direction)) for pair in pairs])
    made = []
    for pair, source, target in zip(pairs, sources, targets, strict=True):
        before = tokenizer.prompt_ids([mark, *source])
        ids = np.asarray([*before, *target, tokenizer.end_id], np.int32)
        if len(ids) <= limit:
            made.append(Example(pair, direction, ids, len(before)))
    return made


def valid_examples(
    tokenizer: Tokenizer, sources: Sequence[Source], limit: int
) -> dict[str, list[Example]]:
    """The validation pairs of each source that has any, in both directions."""
    found = {}
    for source in sources:
        pairs = pairs_of(source.valid)
        found[source.name] = [
            row for direction in DIRECTIONS for row in examples(tokenizer, pairs, direction, limit)
        ]
    return {name: rows for name, rows in found.items() if rows}
