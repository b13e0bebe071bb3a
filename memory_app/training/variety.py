"""Whether sampled replies loop, and how varied their words are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch

from memory_app.lm.model import LanguageModel
from memory_app.lm.sampling import Sampling, is_loop, sample
from memory_app.lm.tokenizer import Tokenizer
from memory_app.training.facts.fillers import own_exchanges
from memory_app.training.greedy import feed

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


@torch.inference_mode()
def evaluate_variety(
    model: LanguageModel, tokenizer: Tokenizer, count: int = OPENINGS, seed: int = 0
) -> Variety:
    """Sample one reply to each of `count` openings at the product's default settings."""
    was_training = model.training
    model.eval()
    prompts = [tokenizer.prompt_ids(tokenizer.encode(text)) for text in openings(count)]
    replies = [list[int]() for _ in prompts]
    looped = [False] * len(prompts)
    settings = replace(Sampling(seed=0), max_tokens=MAX_TOKENS)
    outputs, state = feed(model, prompts)
    going = list(range(len(prompts)))
    banned = (tokenizer.user_id, tokenizer.bot_id)
    while going:
        logits = model.logits(outputs).float().cpu()
        chosen = []
        for row, scores in zip(range(len(prompts)), logits, strict=True):
            token = tokenizer.end_id
            if row in going:
                token, _ = sample(
                    scores,
                    replace(settings, seed=seed + row),
                    replies[row],
                    end_id=tokenizer.end_id,
                    banned=banned,
                )
            chosen.append(token)
        for row in list(going):
            if chosen[row] == tokenizer.end_id:
                going.remove(row)
                continue
            replies[row].append(chosen[row])
            looped[row] = is_loop(replies[row])
            if looped[row] or len(replies[row]) >= MAX_TOKENS:
                going.remove(row)
        ids = torch.tensor(chosen, device=outputs.device).unsqueeze(1)
        hidden, state = model.hidden(ids, state)
        outputs = hidden[:, -1]
    model.train(was_training)
    texts = [tokenizer.decode(reply) for reply in replies]
    return Variety(loops=sum(looped) / len(looped), distinct_2=distinct_2(texts))


def distinct_2(texts: Sequence[str]) -> float:
    """Different word pairs over all word pairs; 0 where there are none."""
    pairs = []
    for text in texts:
        words = text.lower().split()
        pairs += list(pairwise(words))
    return len(set(pairs)) / len(pairs) if pairs else 0.0
