"""Signatures of folded text: a Bloom filter of the short runs of characters (grams) in it.

A text that has a word in it has every gram of the word, so its signature has every bit of the
word's. The reverse is only likely: who looks for a word reads the texts that the signatures leave.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

#: A signature is kept as this many integers of so many bits: signed 64 bits hold them on every
#: database. At about a thousand bits a text of 1.8 kB sets a third of them.
COLUMNS, BITS = 16, 63
# Beyond this code point lie the scripts in which one or two characters are a word.
_IDEOGRAPHS = 0x2E80


def grams(word: str) -> set[str]:
    """Runs of three letters; of scripts without an alphabet every character and every pair.

    Whether a run is a gram depends on its own characters alone, so that any part of a word has no
    gram which the word lacks. Words of one or two letters have none.
    """
    runs = {
        run for at in range(len(word) - 2) if max(map(ord, run := word[at : at + 3])) < _IDEOGRAPHS
    }
    for at, char in enumerate(word):
        if ord(char) >= _IDEOGRAPHS:
            runs.add(char)
            # Pairs with what stands on either side, letters too.
            runs.update(pair for pair in (word[at - 1 : at + 1], word[at : at + 2]) if pair[1:])
    return runs


@lru_cache(maxsize=16_384)
def _bits_of(word: str) -> int:
    bits = 0
    for gram in grams(word):
        # Half a character may come from a client; it is in no text, but must break no search.
        bits |= 1 << zlib.crc32(gram.encode(errors="surrogatepass")) % (COLUMNS * BITS)
    return bits


def signature(text: str) -> tuple[int, ...]:
    """The signature of a folded text, or of a word that is looked for: COLUMNS integers."""
    bits = 0
    for word in text.split():
        bits |= _bits_of(word)
    return tuple(bits >> BITS * column & (1 << BITS) - 1 for column in range(COLUMNS))
