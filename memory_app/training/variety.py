"""Whether sampled replies loop, and how varied their words are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from memory_app.lm.model import LanguageModel
from memory_app.lm.sampling import Sampling, is_loop
from memory_app.lm.tokenizer import Tokenizer
from memory_app.training.facts.fillers import own_exchanges
from memory_app.training.sampled import sampled_ids, seeded

OPENINGS = 64
MAX_TOKENS = 120


@dataclass(frozen=True, slots=True)
class Variety:
    """loops: share of replies that ended as a loop. distinct_2: different pairs of neighbouring
    words over all such pairs, all replies together (Li et al. 2016)."""

    loops: float
    distinct_2: float


def openings(count: int = OPENINGS) -> list[str]:
    """A fixed, even choice among the own exchanges' user lines."""
    pairs = own_exchanges()
    return [pairs[index * len(pairs) // count][0] for index in range(count)]


def evaluate_variety(
    model: LanguageModel, tokenizer: Tokenizer, count: int = OPENINGS, seed: int = 0
) -> Variety:
    """Sample one reply to each of `count` openings at the product's default settings."""
    prompts = [tokenizer.prompt_ids(tokenizer.encode(text)) for text in openings(count)]
    settings = seeded(replace(Sampling(seed=0), max_tokens=MAX_TOKENS), seed, count)
    replies = sampled_ids(model, tokenizer, prompts, settings)
    texts = [tokenizer.decode(reply) for reply in replies]
    return Variety(loops=sum(map(is_loop, replies)) / count, distinct_2=distinct_2(texts))


def distinct_2(texts: Sequence[str]) -> float:
    """Different word pairs over all word pairs; 0 where there are none."""
    pairs = []
    for text in texts:
        words = text.lower().split()
        pairs += list(pairwise(words))
    return len(set(pairs)) / len(pairs) if pairs else 0.0
