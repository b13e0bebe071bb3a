"""Which pieces are whole words."""

from __future__ import annotations

from memory_app.core.facts import is_held_out
from memory_app.core.text.tokenizer import Tokenizer


def word_of(tokenizer: Tokenizer, piece: int) -> str | None:
    """The word of three letters or more that a piece is after a space, without the space.

    Shorter ones begin other words more often than they are one.
    """
    try:
        text = tokenizer.bytes_of(piece).decode()
    except UnicodeDecodeError:  # the part of a letter
        return None
    word = text[1:]
    return word if text[:1] == " " and len(word) > 2 and word.isalpha() else None


def one_piece_words(tokenizer: Tokenizer) -> list[str]:
    """Every ASCII word that is one piece, but those that are held out of training."""
    words = (word_of(tokenizer, piece) for piece in range(tokenizer.vocab_size))
    return [word for word in words if word and word.isascii() and not is_held_out(word)]
