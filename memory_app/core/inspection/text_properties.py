"""Properties of each token of an indexed text, as numbers that a unit may follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from memory_app.core.text.case_folding import fold
from memory_app.core.text.tokenizer import Tokenizer

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Text:
    """Tokens and where the stretches begin (`UnitIndex`), with each token's own text."""

    ids: Array
    starts: Array
    pieces: Sequence[str]
    user_id: int
    bot_id: int
    end_id: int


def text_of(ids: Array, starts: Array, tokenizer: Tokenizer) -> Text:
    """The text of an index, each piece decoded alone."""
    control = {tokenizer.user_id, tokenizer.bot_id, tokenizer.end_id}
    known: dict[int, str] = {}
    for token_id in np.unique(ids).tolist():
        alone = tokenizer.bytes_of(token_id).decode("utf-8", "replace")
        known[token_id] = "" if token_id in control else alone
    pieces = [known[token_id] for token_id in ids.tolist()]
    return Text(ids, starts, pieces, tokenizer.user_id, tokenizer.bot_id, tokenizer.end_id)


def _numbered(starts: Array, total: int) -> Array:
    """Of each token the number of its stretch."""
    return np.repeat(np.arange(len(starts) - 1), np.diff(starts).astype(np.int64))[:total]


def _opened_at(text: Text, opens: Array) -> Array:
    """Of each token the last token at or before it where `opens` is true; -1 before the first."""
    at = np.where(opens, np.arange(len(text.ids)), -1)
    return np.maximum.accumulate(at)


def _message_start(text: Text) -> Array:
    return np.isin(text.ids, [text.user_id, text.bot_id])


def _of_pieces(text: Text, holds: Callable[[str], bool]) -> Array:
    return np.fromiter((holds(piece) for piece in text.pieces), np.float32, len(text.pieces))


def _user_speaks(text: Text) -> Array:
    start = _opened_at(text, _message_start(text))
    return (text.ids[start] == text.user_id).astype(np.float32)


def _in_question(text: Text) -> Array:
    """Every token of a message that has a question mark."""
    message = np.cumsum(_message_start(text))
    asks = _of_pieces(text, lambda piece: "?" in piece or "\N{FULLWIDTH QUESTION MARK}" in piece)
    asking = np.bincount(message, weights=asks) > 0
    return asking[message].astype(np.float32)


def _place_in_message(text: Text) -> Array:
    start = _opened_at(text, _message_start(text))
    return (np.arange(len(text.ids)) - start).astype(np.float32)


def _exchanges_before(text: Text) -> Array:
    """How many messages of the user came before in the stretch."""
    said = np.cumsum(text.ids == text.user_id)
    first = said[text.starts[_numbered(text.starts, len(text.ids))]]
    return (said - first).astype(np.float32)


def _capital(text: Text) -> Array:
    return _of_pieces(text, lambda piece: piece.strip()[:1].isupper())


def _digit(text: Text) -> Array:
    return _of_pieces(text, lambda piece: any(c.isdigit() for c in piece))


def _punctuation(text: Text) -> Array:
    def holds(piece: str) -> bool:
        shown = piece.strip()
        return bool(shown) and not any(c.isalnum() for c in shown)

    return _of_pieces(text, holds)


def _control(text: Text) -> Array:
    return np.isin(text.ids, [text.user_id, text.bot_id, text.end_id]).astype(np.float32)


#: What can be searched for by name: of each token a number, float32 [T].
PROPERTIES: dict[str, Callable[[Text], Array]] = {
    "user_speaks": _user_speaks,
    "in_question": _in_question,
    "capital": _capital,
    "digit": _digit,
    "punctuation": _punctuation,
    "control": _control,
    "place": _place_in_message,
    "exchanges": _exchanges_before,
}


def word_property(text: Text, word: str) -> Array:
    """1 at every token that a word (or any string of characters) stands in, in any case; else 0."""
    wanted = fold(word.strip())
    marks = np.zeros(len(text.ids), np.float32)
    if not wanted:
        return marks
    for first, stop in zip(text.starts[:-1].tolist(), text.starts[1:].tolist(), strict=True):
        # A control token parts the words on its two sides.
        pieces = [fold(piece) or "\n" for piece in text.pieces[first:stop]]
        ends = np.cumsum([len(piece) for piece in pieces])
        whole, at = "".join(pieces), -1
        while (at := whole.find(wanted, at + 1)) >= 0:
            # A word's own borders: "is" isn't in "this".
            before, after = whole[at - 1 : at], whole[at + len(wanted) :][:1]
            if (wanted[0].isalnum() and before.isalnum()) or (
                wanted[-1].isalnum() and after.isalnum()
            ):
                continue
            begin = int(np.searchsorted(ends, at, side="right"))
            end = int(np.searchsorted(ends, at + len(wanted) - 1, side="right"))
            marks[first + begin : first + end + 1] = 1
    return marks
