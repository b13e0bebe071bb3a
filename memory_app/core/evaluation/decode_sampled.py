"""Sampled replies for many prompts at once, each by a seed of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from memory_app.core.evaluation.decode_greedy import feed
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State
from memory_app.core.sampling.settings import Sampling, is_loop, sample
from memory_app.core.text.tokenizer import Tokenizer


@torch.inference_mode()
def sampled_ids(
    model: LanguageModel,
    tokenizer: Tokenizer,
    prompts: Sequence[Sequence[int]],
    settings: Sequence[Sampling],
    before: State | None = None,
) -> list[list[int]]:
    """One reply a prompt, up to `<|end|>` (left out), a loop, or its `max_tokens`.

    Prompts are fed from blank states, or from those `before` (one a prompt).
    """
    replies = [list[int]() for _ in prompts]
    was_training = model.training
    model.eval()
    outputs, state = feed(model, prompts, before)
    going = list(range(len(prompts)))
    banned = (tokenizer.user_id, tokenizer.bot_id)
    while going:
        logits = model.logits(outputs).float().cpu()
        # A row that has ended is fed its end again and again: nobody looks at what it says.
        chosen = [tokenizer.end_id] * len(prompts)
        for row in going:
            chosen[row], _ = sample(
                logits[row], settings[row], replies[row], end_id=tokenizer.end_id, banned=banned
            )
        for row in list(going):
            if chosen[row] == tokenizer.end_id:
                going.remove(row)
                continue
            replies[row].append(chosen[row])
            if is_loop(replies[row]) or len(replies[row]) >= settings[row].max_tokens:
                going.remove(row)
        ids = torch.tensor(chosen, device=outputs.device).unsqueeze(1)
        hidden, state = model.hidden(ids, state)
        outputs = hidden[:, -1]
    model.train(was_training)
    return replies


def seeded(settings: Sampling, seed: int, count: int) -> list[Sampling]:
    """The same settings `count` times, with the seeds that follow `seed`."""
    return [replace(settings, seed=seed + row) for row in range(count)]
