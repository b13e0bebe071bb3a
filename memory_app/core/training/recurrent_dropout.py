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
from memory_app.core.run_settings import RegularisationSettings

#: (ids [B, T], state, positions bool [B, T]) → (outputs at the positions [n, hidden], state after).
Reader = Callable[[Tensor, State | None, Tensor], tuple[Tensor, State]]


def reader(settings: RegularisationSettings, model: LanguageModel) -> Reader:
    """`model.hidden_at`, or what replaces it while training where the settings ask for more."""
    variational = settings.variational == "on"
    if not settings.weight_drop and not variational:
        return model.hidden_at

    def hidden(ids: Tensor, state: State | None, at: Tensor) -> tuple[Tensor, State]:
        if not model.training:
            return model.hidden_at(ids, state, at)
        rate = settings.dropout if variational else model.dropout
        outputs, after = regularised_hidden(
            model,
            ids,
            state,
            weight_drop=settings.weight_drop,
            dropout=rate,
            variational=variational,
        )
        return outputs[at], after

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
    row; else `model.logits` does it, as it always does. Only where `Cell.has_gate_weights`.
    """
    state = state or model.blank(ids.shape[0])

    def drop(x: Tensor) -> Tensor:
        if variational:
            return x * functional.dropout(torch.ones_like(x[:, :1]), dropout)
        return functional.dropout(x, dropout)

    outputs, parts = model.layers.forward_regularised(
        drop(model.embedding(ids)),
        state.layers,
        weight_drop=weight_drop,
        drop=drop,
        drop_last=variational,
    )
    return outputs, State(parts)
