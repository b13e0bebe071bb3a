"""Whether a tokenizer gives every text back as it was: what it changes can't be remembered."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

from memory_app.core.text.tokenizer import Tokenizer, TokenizerError

_SHOWN = 40
#: What normalisers, white-space splitters and prefixes change.
_TEXTS = (
    "a",
    " a  b\n\n\tc \r\n",
    "Éa E\u0301a ﬁ ① Ａ ½ İı ß ẞ",
    "don't 12 34567 x=-1e9; <|end|> <pad> </s> [UNK]",
    "你好，世界。 안녕 שלום می‌خواهم",
    "👨‍👩‍👧‍👦 🇩🇪 🏴󠁧󠁢󠁥󠁮󠁧󠁿 \U0001fae9",
)


@cache
def _probes() -> tuple[str, ...]:
    """The same texts each time: the first code points one by one, and some out of every plane."""
    rng = random.Random(256)
    first = "".join(map(chr, range(1, 0x800)))
    planes = [
        chr(rng.choice([rng.randrange(0x800, 0xD800), rng.randrange(0xE000, 0x110000)]))
        for _ in range(4000)
    ]
    return (
        *_TEXTS,
        first,
        "".join(planes),
        *("".join(planes[at : at + 5]) for at in range(0, 500, 5)),
    )


def _added(tokenizer: Tokenizer) -> Iterator[str]:
    """Texts around each token that was added by hand, which may swallow the blanks beside it."""
    for content in tokenizer.added_texts():
        yield content
        yield f"a {content} b{content}c"


def check_round_trip(tokenizer: Tokenizer) -> None:
    """Require that texts come back as they were.

    Raises:
        TokenizerError: a byte has no piece, or a text comes back changed.
    """
    single = {piece[0] for piece in tokenizer.pieces if len(piece) == 1}
    missing = sorted(set(range(256)) - single)
    if missing:
        raise TokenizerError(
            "tokenizer.json has no token for the byte {byte}, so texts with it would be damaged.",
            byte=f"0x{missing[0]:02X}",
        )
    for text in (*_probes(), *_added(tokenizer)):
        if tokenizer.decode(tokenizer.encode(text)) != text:
            raise TokenizerError(
                "tokenizer.json doesn't reproduce every text exactly: {text} is changed.",
                text=ascii(text[:_SHOWN]),
            )
