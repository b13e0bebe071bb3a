"""Texts with a label, as token ids: what a row of a corpus says, and where its tokens stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from memory_app.core.data.dialogues import Dialogue, Source
from memory_app.core.text.tokenizer import Tokenizer

POSITIVE = frozenset({"positive", "pos", "1", "+", "+1", "true", "good", "正面", "积极", "好评"})
NEGATIVE = frozenset({"negative", "neg", "0", "-", "-1", "false", "bad", "负面", "消极", "差评"})


def label_of(text: str) -> int | None:
    """1 for a positive label, 0 for a negative one, None for any other."""
    word = text.strip().lower()
    return 1 if word in POSITIVE else 0 if word in NEGATIVE else None


@dataclass(frozen=True, slots=True)
class Example:
    """A text as it is fed, <|user|> U <|end|>, int32 [T], and its label."""

    ids: np.ndarray
    label: int

    def __len__(self) -> int:
        return len(self.ids)


def lowered(text: str) -> str:
    """The text in lower case, character by character, so that every place stays where it is."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def text_ids(tokenizer: Tokenizer, text: str, limit: int) -> list[int]:
    """<|user|> U <|end|> of the text in lower case, its ids cut to `limit`."""
    return _framed(tokenizer, tokenizer.encode(lowered(text)), limit)


def _framed(tokenizer: Tokenizer, ids: Sequence[int], limit: int) -> list[int]:
    return [tokenizer.user_id, *ids[:limit], tokenizer.end_id]


def examples(tokenizer: Tokenizer, rows: Iterable[Dialogue], limit: int) -> list[Example]:
    """The rows of a corpus whose reply is a label; others, "neutral" among them, are left out."""
    labelled = [
        (row[0][1], label)
        for row in rows
        if len(row) == 2 and (label := label_of(row[1][1])) is not None
    ]
    encoded = tokenizer.encode_many([lowered(text) for text, _ in labelled])
    return [
        Example(np.asarray(_framed(tokenizer, ids, limit), np.int32), label)
        for ids, (_, label) in zip(encoded, labelled, strict=True)
    ]


def valid_examples(
    tokenizer: Tokenizer, sources: Sequence[Source], limit: int
) -> dict[str, list[Example]]:
    """The labelled validation rows of each source that has any."""
    found = {source.name: examples(tokenizer, source.valid, limit) for source in sources}
    return {name: rows for name, rows in found.items() if rows}
