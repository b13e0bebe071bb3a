"""Dropout of its own for recurrent models: on the recurrent weights, and one mask a sequence.

Weight dropping (DropConnect) takes each recurrent weight out with a probability, drawn once a
window (Merity, Keskar and Socher 2017, "Regularizing and Optimizing LSTM Language Models").
Variational dropout takes the same units out at every step of a row instead of others at each (Gal
and Ghahramani 2016, "A Theoretically Grounded Application of Dropout in RNNs"): what is noise at
each step by itself would have to be remembered through.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State
from memory_app.core.run_settings import TrainingSettings

Reader = Callable[[Tensor, State | None], tuple[Tensor, State]]


def reader(settings: TrainingSettings, model: LanguageModel) -> Reader:
    """What stands for `model.hidden` while training: itself, unless the settings ask for more."""
    variational = settings.variational == "on"
    if not settings.weight_drop and not variational:
        return model.hidden

    def hidden(ids: Tensor, state: State | None) -> tuple[Tensor, State]:
        if not model.training:
            return model.hidden(ids, state)
        rate = settings.dropout if variational else model.dropout
        return regularised_hidden(
            model,
            ids,
            state,
            weight_drop=settings.weight_drop,
            dropout=rate,
            variational=variational,
        )

    return hidden


def regularised_hidden(
    model: LanguageModel,
    ids: Tensor,
    state: State | None,
    *,
    weight_drop: float,
    dropout: float,
    variational: bool,
) -> tuple[Tensor, State]:
    """`model.hidden` layer by layer: ids int64 [B, T] → ([B, T, hidden], the state after).

    With variational dropout the outputs are dropped here, since their mask must hold for the whole
    row; else `model.logits` does it, as it always does. An lstm only.
    """
    state = state or model.blank(ids.shape[0])

    def drop(x: Tensor) -> Tensor:
        if variational:
            return x * functional.dropout(torch.ones_like(x[:, :1]), dropout)
        return functional.dropout(x, dropout)

    x = drop(model.embedding(ids))
    after = []
    last = model.config.num_layers - 1
    for layer in range(last + 1):
        w_ih, w_hh, b_ih, b_hh = (
            getattr(model.lstm, f"{name}_l{layer}")
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        before = (state.h[layer : layer + 1], state.c[layer : layer + 1])
        weights = (w_ih, functional.dropout(w_hh, weight_drop), b_ih, b_hh)
        x, h, c = torch.lstm(x, before, weights, True, 1, 0.0, True, False, True)
        after.append((h, c))
        if layer < last or variational:
            x = drop(x)
    h_after, c_after = (torch.cat(parts) for parts in zip(*after, strict=True))
    return x, State(h_after, c_after)
