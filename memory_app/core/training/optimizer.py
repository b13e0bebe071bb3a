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


#: The rate of a projection that was learned with other layers, where only those above learn.
PROJECTION_RATE = 0.3


def new_optimizer(settings: TrainingSettings, model: LanguageModel) -> torch.optim.AdamW:
    """AdamW, with a rate of its own for the embedding.

    A name occurs once in hundreds of steps, and Adam moves a row by about the rate each time: at
    the rate that suits the layers, the rows of rare tokens stay too close to be distinguished.
    """
    groups = [([model.embedding.weight], settings.optimisation.embedding_rate)]
    if settings.optimisation.learn == "upper" and model.config.has_projection:
        groups.append(([model.projection.weight], PROJECTION_RATE))
    apart = {id(parameter) for parameters, _ in groups for parameter in parameters}
    groups.append(([p for p in model.parameters() if id(p) not in apart], 1.0))
    return torch.optim.AdamW(
        [{"params": parameters, "scale": scale} for parameters, scale in groups],
        lr=settings.optimisation.learning_rate,
        betas=(0.9, settings.optimisation.adam_beta2),
        weight_decay=settings.regularisation.weight_decay,
    )
