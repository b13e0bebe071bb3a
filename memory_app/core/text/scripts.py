"""Which script a sentence is in, and how it is spelled for a vocabulary of two languages."""

from __future__ import annotations

import re

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LATIN = re.compile("[A-Za-z]")


def has_han(text: str) -> bool:
    """Whether there is a Chinese character in it."""
    return bool(_HAN.search(text))


def has_latin(text: str) -> bool:
    """Whether there is a letter of English in it."""
    return bool(_LATIN.search(text))


def spaced(text: str) -> str:
    """The sentence with single spaces and, in English, one before the first word.

    A word is then the same piece wherever it stands.
    """
    joined = " ".join(text.split())
    return joined if has_han(joined) else f" {joined}"
