"""Texts to continue, as token ids: <|user|> prime <|end|> <|bot|> text <|end|>."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from memory_app.core.data.dialogue_row import NO_PRIME
from memory_app.core.data.dialogues import Dialogue, Encoded, Source
from memory_app.core.text.lines import marked, unmarked
from memory_app.core.text.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Text:
    """A row of a corpus: what stands before the text (a title, a tune; may be empty), and it."""

    prime: str
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """A text as it is fed; the ids from `start` on are those that the model guesses."""

    row: Text
    ids: np.ndarray
    start: int

    def encoded(self) -> Encoded:
        """The ids with their weights in the loss."""
        weights = np.zeros(len(self.ids), np.float32)
        weights[self.start :] = 1.0
        return Encoded(self.ids, weights)


def texts_of(rows: Iterable[Dialogue]) -> list[Text]:
    """The rows that are a prime and a text; dialogues of more turns are left out."""
    return [
        Text("" if row[0][1] == NO_PRIME else row[0][1], row[1][1]) for row in rows if len(row) == 2
    ]


def opening_ids(tokenizer: Tokenizer, prime: str) -> list[int]:
    """What is fed before a text."""
    return tokenizer.prompt_ids(tokenizer.encode(prime))


def examples(
    tokenizer: Tokenizer, rows: Iterable[Dialogue], *, marks: bool, limit: int
) -> list[Example]:
    """The rows as they are fed, each cut at `limit` ids; those that are cut have no <|end|>."""
    texts = texts_of(rows)
    primes = tokenizer.encode_many([row.prime for row in texts])
    written = [marked(row.text) if marks else row.text for row in texts]
    made = []
    for row, prime, own in zip(texts, primes, tokenizer.encode_many(written), strict=True):
        before = tokenizer.prompt_ids(prime)
        ids = np.asarray([*before, *own, tokenizer.end_id][:limit], np.int32)
        if len(before) < len(ids):
            made.append(Example(row, ids, len(before)))
    return made


def valid_examples(
    tokenizer: Tokenizer, sources: Sequence[Source], *, marks: bool, limit: int
) -> dict[str, list[Example]]:
    """The validation rows of each source that has any."""
    found = {s.name: examples(tokenizer, s.valid, marks=marks, limit=limit) for s in sources}
    return {name: rows for name, rows in found.items() if rows}


def characters_of(tokenizer: Tokenizer, example: Example) -> int:
    """Characters of the fed part of a text, marks left out."""
    return len(unmarked(tokenizer.decode(example.ids[example.start :].tolist())))
