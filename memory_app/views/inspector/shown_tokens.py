"""Tokens as a page shows them: each by its own text, control tokens by a word."""

from typing import Any

from memory_app.core.text.tokenizer import Tokenizer
from memory_app.views.special_tokens import special_names, special_words

# A piece of a character, or of white space, would be invisible and too small to click.
_UNFINISHED, _BREAK = "·", "↵"


def shown_tokens(tokenizer: Tokenizer, ids: list[int], first: int) -> list[dict[str, Any]]:
    """One entry a token from `first` on: whole characters only, so that a split one is at its last
    byte, even if it began before."""
    names, words = special_names(tokenizer), special_words()
    stream, tokens = tokenizer.stream(), []
    for index, token_id in enumerate(ids):
        name = names.get(token_id, "")
        text = words[name] if name else stream.push(token_id)
        if index < first:
            continue
        shown = text.replace("\n", _BREAK + "\n") or _UNFINISHED
        tokens.append(
            {"token_id": token_id, "shown": shown, "control": name, "unfinished": not text}
        )
    return tokens
