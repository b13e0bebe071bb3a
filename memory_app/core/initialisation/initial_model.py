"""The model that a run begins with, before its first step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from memory_app.core.data.dialogues import Source
from memory_app.core.initialisation.copy_path import open_copy_path
from memory_app.core.initialisation.rare_tokens import place_rare
from memory_app.core.initialisation.timescales import spread_timescales
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.text.tokenizer import Tokenizer


def new_model(settings: TrainingSettings, vocab_size: int) -> LanguageModel:
    """A model of the run's shape, seeded, its forget gates biased open."""
    torch.manual_seed(settings.optimisation.seed)
    config = settings.model.config(vocab_size)
    # With variational dropout the masks come from elsewhere (recurrent_dropout.py).
    dropout = (
        0.0 if settings.regularisation.variational == "on" else settings.regularisation.dropout
    )
    on_embedding = dropout if settings.regularisation.embedding_dropout == "on" else 0.0
    model = LanguageModel(config, dropout=dropout, embedding_dropout=on_embedding)
    if settings.initialisation.timescales == "inverse_gamma":
        spread_timescales(model, settings.optimisation.seed)
    else:
        model.layers.open_forget_gates(settings.initialisation.forget_bias)
    return model


def upper_parameters(model: LanguageModel) -> Iterator[nn.Parameter]:
    """What learns above a starting checkpoint's layers: the layers there, and the projection.

    What was projected from the lower layers alone must make room for what the upper ones read.
    """
    yield from model.layers.upper_parameters()
    if model.config.has_projection:
        yield from model.projection.parameters()


def initial_model(
    settings: TrainingSettings,
    sources: Sequence[Source],
    tokenizer: Tokenizer,
    device: torch.device,
    *,
    begin: Callable[[LanguageModel], None] | None = None,
    frequencies: Callable[[], Tensor] | None = None,
    parked: Tensor | None = None,
) -> tuple[LanguageModel, Tensor | None]:
    """(The model on `device`, the rows of its embedding that training leaves as they are).

    `begin` may put other weights into it. `frequencies` counts how often each token comes, [vocab]
    > 0, for a matrix memory that begins with addresses; None: it has learned its own. `parked`,
    bool [vocab], are the rows of a run that goes on; without them they are chosen here where the
    settings ask for it.
    """
    model = new_model(settings, tokenizer.vocab_size).to(device)
    if begin is not None:
        begin(model)
    wanted = model.cell.has_addresses and settings.initialisation.addresses == "induction"
    if wanted and frequencies is not None:
        model.layers.open_addresses(
            model.embedding.weight, frequencies(), seed=settings.optimisation.seed
        )
    if settings.optimisation.learn == "upper":
        model.requires_grad_(False)
        for parameter in upper_parameters(model):
            parameter.requires_grad_(True)
    if settings.initialisation.copy_units:
        open_copy_path(model, settings.initialisation.copy_units)
    if settings.initialisation.redraw_below and parked is None:
        parked = place_rare(model, sources, settings, tokenizer)
    return model, parked
