"""The words of a text by its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memory_app.core.text.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Word:
    """Some of a text's characters, the space before them included, and the tokens they end in."""

    text: str
    #: The first of its tokens and the one after its last, counted without <|user|>.
    first: int
    stop: int


def words_of(
    tokenizer: Tokenizer, text: str, ids: Sequence[int], *, apart: bool = False
) -> list[Word]:
    """The text's words by the tokens `ids` (of the text alone); their texts joined are the text.

    A word begins with a space or, as in Chinese, with a token. A character that is several tokens
    belongs to the last of them. `apart`: a sign of punctuation, and a character of several
    tokens, is a word of its own. Of a text that was cut the rest is left out.
    """
    stream, at = tokenizer.stream(), 0
    words: list[Word] = []
    pending = False  # inside a character
    for index, token_id in enumerate(ids):
        piece = stream.push(token_id)
        shown = text[at : at + len(piece)]
        at += len(piece)
        inside = bool(words) and not words[-1].text[-1:].isspace()
        ascii_run = bool(shown) and shown[0].isascii() and not shown[0].isspace()
        if apart and ascii_run and inside:
            ascii_run = _is_letter(shown[0]) and _is_letter(words[-1].text[-1])
        begun = pending or (not shown and not apart)
        if words and (begun or (inside and ascii_run and words[-1].text.isascii())):
            last = words[-1]
            words[-1] = Word(last.text + shown, last.first, index + 1)
        else:
            words.append(Word(shown, index, index + 1))
        pending = not piece
    return words


def _is_letter(char: str) -> bool:
    return char.isalnum() or char == "'"
