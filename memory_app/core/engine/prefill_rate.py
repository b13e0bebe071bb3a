"""How fast a model reads here: measured on the same call that feeds a prompt."""

from __future__ import annotations

import time

import torch

from memory_app.core.engine.model_runner import ModelRunner
from memory_app.core.model.state import State

#: The quickest counts: what slows one down is another's work, not the model's.
ROUNDS = 5
#: Tokens that are enough to measure with. A slice for a small model has many thousands, and a cell
#: that reads token by token would keep the page that asks waiting for minutes.
MOST_TOKENS = 256


@torch.inference_mode()
def reading_pace(runner: ModelRunner) -> float:
    """Seconds that each token of a long prompt takes, when nothing else is being computed."""
    length = min(runner.slice_length, MOST_TOKENS)
    ids = torch.arange(length).remainder(runner.config.vocab_size).unsqueeze(0)
    state = State.zeros(runner.config)
    runner.feed(ids, state)  # the first call warms up
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        runner.feed(ids, state)
        seconds.append(time.perf_counter() - start)
    return min(seconds) / length
