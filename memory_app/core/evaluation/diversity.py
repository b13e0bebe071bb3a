"""Whether sampled replies loop, and how varied their words are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from memory_app.core.evaluation.decode_sampled import sampled_ids, seeded
from memory_app.core.facts import Language, language_of
from memory_app.core.facts.distractors import own_exchanges
from memory_app.core.model.model import LanguageModel
from memory_app.core.sampling.settings import Sampling
from memory_app.core.text.tokenizer import Tokenizer

OPENINGS = 200
MAX_TOKENS = 120
ROWS = 64


@dataclass(frozen=True, slots=True)
class Variety:
    """loops: share of replies in which some 4 tokens stand in a row three times. distinct_2:
    different pairs of neighbouring words over all such pairs, all replies together (Li et al.
    2016)."""

    loops: float
    distinct_2: float


def openings(count: int = OPENINGS, language: Language | None = None) -> list[str]:
    """A fixed, even choice among the own exchanges' user lines."""
    pairs = own_exchanges(language)
    return [pairs[index * len(pairs) // count][0] for index in range(count)]


def evaluate_variety(
    model: LanguageModel, tokenizer: Tokenizer, count: int = OPENINGS, seed: int = 0
) -> Variety:
    """Sample one reply to each of `count` openings at the product's default settings."""
    texts = openings(count, language_of(model.config.language))
    replies = sampled_replies(model, tokenizer, texts, seed)
    loops = sum(map(repeats_itself, replies)) / len(replies)
    return Variety(loops=loops, distinct_2=distinct_2(list(map(tokenizer.decode, replies))))


def repeats_itself(ids: Sequence[int], run: int = 4, times: int = 3) -> bool:
    """Whether some `run` tokens in a row stand in it `times` times, overlaps counted."""
    runs = Counter(tuple(ids[k : k + run]) for k in range(len(ids) - run + 1))
    return max(runs.values(), default=0) >= times


def sampled_replies(
    model: LanguageModel, tokenizer: Tokenizer, texts: Sequence[str], seed: int = 0
) -> list[list[int]]:
    """One reply to each text, from a blank state, at the product's default settings.

    Each has a seed of its own (`seed` + its place), so it is what it would be alone.
    """
    prompts = [tokenizer.prompt_ids(tokenizer.encode(text)) for text in texts]
    settings = seeded(replace(Sampling(seed=0), max_tokens=MAX_TOKENS), seed, len(texts))
    return [
        reply
        for first in range(0, len(texts), ROWS)
        for reply in sampled_ids(
            model, tokenizer, prompts[first : first + ROWS], settings[first : first + ROWS]
        )
    ]


def distinct_2(texts: Sequence[str]) -> float:
    """Different word pairs over all word pairs; 0 where there are none."""
    pairs = []
    for text in texts:
        words = text.lower().split()
        pairs += list(pairwise(words))
    return len(set(pairs)) / len(pairs) if pairs else 0.0
