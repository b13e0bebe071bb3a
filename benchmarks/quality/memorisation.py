"""Does it recite? Sampled replies held against every turn that it was trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from memory_app.core.data.dialogues import Source, mask_numbers
from memory_app.core.evaluation.diversity import sampled_replies
from memory_app.core.evaluation.wilson import wilson
from memory_app.core.facts.distractors import own_exchanges
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer

LONG = 30  # tokens: a shorter reply may be said by chance
STOCK = 5  # a reply that stands so often in the corpora is a stock one


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def recitation(
    model: LanguageModel,
    tokenizer: Tokenizer,
    sources: Sequence[Source],
    canned: frozenset[str],
    rounds: int = 5,
) -> dict[str, Any]:
    """Replies to every own opening, `rounds` seeds each, at the default sampling.

    `recited`: those of over 30 tokens that equal a training turn outside the `canned` sources, in
    any case and spacing. `stock`: the share of all replies that stand five times or more in the
    training turns, canned sources included.
    """
    said = Counter(
        _plain(mask_numbers(text))
        for source in sources
        for dialogue in source.train
        for role, text in dialogue
        if role == "bot"
    )
    turns = {
        _plain(mask_numbers(text))
        for source in sources
        if source.name not in canned
        for dialogue in source.train
        for _, text in dialogue
    }
    texts = [user for user, _ in own_exchanges()]
    long = recited = stock = total = 0
    for number in range(rounds):
        for reply in sampled_replies(model, tokenizer, texts, seed=1_000_000 * (number + 1)):
            text = _plain(tokenizer.decode(reply))
            total += 1
            stock += said[text] >= STOCK
            if len(reply) > LONG:
                long += 1
                recited += text in turns
    return {
        "replies": total,
        "over_30_tokens": long,
        "recited": recited,
        "stock": stock / total,
        "stock_interval": list(wilson(stock, total)),
    }
