"""The optimizer of a run, and its learning rate over the steps."""

from __future__ import annotations

import math

import torch

from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import OptimisationSettings, TrainingSettings


def learning_rate(settings: OptimisationSettings, step: int) -> float:
    """Linear warm-up, then a cosine down to `final_learning_rate` of the first."""
    if step < settings.warmup:
        return settings.learning_rate * (step + 1) / settings.warmup
    span = max(1, settings.steps - settings.warmup)
    done = min(1.0, (step - settings.warmup) / span)
    floor = settings.final_learning_rate
    return settings.learning_rate * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done)))


def new_optimizer(settings: TrainingSettings, model: LanguageModel) -> torch.optim.AdamW:
    """AdamW, with a rate of its own for the embedding.

    A name occurs once in hundreds of steps, and Adam moves a row by about the rate each time: at
    the rate that suits the layers, the rows of rare tokens stay too close to be distinguished.
    """
    rare = [model.embedding.weight]
    others = [p for p in model.parameters() if p is not model.embedding.weight]
    return torch.optim.AdamW(
        [
            {"params": rare, "scale": settings.optimisation.embedding_rate},
            {"params": others, "scale": 1.0},
        ],
        lr=settings.optimisation.learning_rate,
        betas=(0.9, 0.98),
        weight_decay=settings.regularisation.weight_decay,
    )
