"""Training within a budget of processor time, the same for every contestant.

Seconds are those of the training thread itself, so a machine that also does other things gives
nobody less. Learning rate and curriculum follow the share of the budget that is spent.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from memory_app.core.cpu import computes_bfloat16
from memory_app.core.data.batching import Mixture
from memory_app.core.data.dialogues import Source
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import OptimisationSettings, TrainingSettings
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.loss import token_nll, window_loss
from memory_app.core.training.optimizer import new_optimizer
from memory_app.core.training.recurrent_dropout import reader

WARMUP = 0.02  # of the budget


@dataclass(frozen=True, slots=True)
class Trained:
    """What the budget gave."""

    steps: int
    tokens: int
    seconds: float
    loss: float


def rate_at(settings: OptimisationSettings, share: float) -> float:
    """Linear warm-up, then a cosine down to `final_learning_rate` of the first."""
    if share < WARMUP:
        return settings.learning_rate * max(share / WARMUP, 0.01)
    floor = settings.final_learning_rate
    done = min(1.0, (share - WARMUP) / (1 - WARMUP))
    return settings.learning_rate * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done)))


def train_within(
    model: Any,
    settings: TrainingSettings,
    sources: Sequence[Source],
    tokenizer: Tokenizer,
    seconds: float,
    clock: Callable[[], float] = time.process_time,
) -> Trained:
    """Train `model` in place until `clock` has gone on by `seconds`."""
    torch.set_num_threads(1)
    mixture = Mixture(settings, sources, tokenizer)
    optimizer = new_optimizer(settings, model)
    nll = token_nll(model, compiled=settings.execution.compile == "on")
    hidden = (
        reader(settings.regularisation, model)
        if isinstance(model, LanguageModel)
        else model.hidden_at
    )
    model.train()
    began = clock()
    steps = tokens = pool = 0
    loss = math.nan
    share = 0.0
    while share < 1:
        for batch in mixture.pool(pool, share):
            state = None
            for inputs, targets, weights in batch.windows(settings.optimisation.window):
                share = (clock() - began) / seconds
                if share >= 1:
                    break
                for group in optimizer.param_groups:
                    group["lr"] = rate_at(settings.optimisation, share) * group["scale"]
                with torch.autocast("cpu", torch.bfloat16, enabled=computes_bfloat16()):
                    state = state.detach() if state is not None else None
                    total, state = window_loss(hidden, nll, inputs, targets, weights, state)
                weight = float(weights.sum())
                if weight == 0:
                    continue
                optimizer.zero_grad(set_to_none=True)
                (total / max(weight, 0.1 * settings.optimisation.batch_tokens)).backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), settings.optimisation.clip)
                optimizer.step()
                steps, tokens = steps + 1, tokens + inputs.numel()
                last = float(total.detach()) / weight
                loss = last if math.isnan(loss) else 0.98 * loss + 0.02 * last
                if steps % 100 == 0:
                    sys.stderr.write(f"{share:6.1%}  step {steps}  loss {loss:.3f}\n")
            if share >= 1:
                break
        pool += 1
    model.eval()
    return Trained(steps, tokens, clock() - began, loss)
