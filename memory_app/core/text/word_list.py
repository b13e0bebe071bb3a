"""Words of a list, found in a text whatever their case and however they are spaced."""

from __future__ import annotations

import re
from collections.abc import Iterable

from memory_app.core.text.case_folding import fold

_SPACES = re.compile(r"\s+")


class WordList:
    """`match` finds the first phrase of the list: whole words where words are parted by spaces.

    A phrase that begins or ends with a letter of such a script isn't found inside a longer word;
    Chinese, Japanese and Thai have no spaces, so a phrase of theirs is found anywhere.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        folded = sorted({self._folded(phrase) for phrase in phrases} - {""}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_bounded, folded))) if folded else None

    def __bool__(self) -> bool:
        return self._pattern is not None

    def match(self, text: str) -> str:
        """The phrase that is in the text; empty if none is."""
        found = self._pattern.search(self._folded(text)) if self._pattern else None
        return found[0] if found else ""

    @staticmethod
    def _folded(text: str) -> str:
        return _SPACES.sub(" ", fold(text).replace("’", "'")).strip()


def _bounded(phrase: str) -> str:
    before = r"(?<!\w)" if _is_spaced(phrase[0]) else ""
    after = r"(?!\w)" if _is_spaced(phrase[-1]) else ""
    return before + re.escape(phrase) + after


def _is_spaced(char: str) -> bool:
    """Whether the letter is of a script that parts its words by spaces."""
    return char.isalnum() and ord(char) < 0x0E00
