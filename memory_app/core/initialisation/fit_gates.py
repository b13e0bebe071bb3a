"""What a model's last layer hears, and gates that open where it hears something.

A gate of a unit in the last layer is a logistic regression of what that layer hears: the layer
below now, and itself one token ago. So a gate can be fitted before it is trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from memory_app.core.model.model import LanguageModel


@torch.no_grad()
def hear(
    model: LanguageModel, sequences: Sequence[Tensor], rows: int = 32
) -> Iterator[tuple[int, Tensor]]:
    """For each sequence of ids [T], shorter ones first: (its index, heard [T, I + H]).

    heard: the last layer's input, then its own h of the token before (zeros at the first).
    """
    *lower, last = _layers(model)
    order = sorted(range(len(sequences)), key=lambda index: len(sequences[index]))
    for start in range(0, len(order), rows):
        part = order[start : start + rows]
        x = model.embedding(
            nn.utils.rnn.pad_sequence([sequences[index] for index in part], batch_first=True)
        )
        for layer in lower:
            x, _ = layer(x)
        outputs, _ = last(x)
        before = torch.cat([torch.zeros_like(outputs[:, :1]), outputs[:, :-1]], 1)
        for row, index in enumerate(part):
            length = len(sequences[index])
            yield index, torch.cat([x[row, :length], before[row, :length]], 1)


def layer_weights(model: LanguageModel, layer: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A layer's own weight_ih [4H, I], weight_hh [4H, H], bias_ih and bias_hh [4H] (i, f, g, o)."""
    return model.layers.gate_weights(layer)


def _layers(model: LanguageModel) -> list[nn.LSTM]:
    """Each layer as a network of its own."""
    found = []
    for index in range(model.config.num_layers):
        weights = layer_weights(model, index)
        layer = nn.LSTM(weights[0].shape[1], model.config.hidden_size, batch_first=True)
        for own, given in zip(layer.parameters(), weights, strict=True):
            own.copy_(given)
        found.append(layer)
    return found


def fit(
    heard: Tensor, there: Tensor, weights: Tensor, ridge: float, iterations: int = 50
) -> tuple[Tensor, Tensor]:
    """K logistic regressions of `heard` [N, D]: is it there? `there` [N, K], `weights` [N].

    Returns (coefficients [K, D], intercepts [K]), by L-BFGS, with `ridge` times the squared
    coefficients beside the summed log loss.
    """
    wanted = there.float()
    coefficients = torch.zeros(heard.shape[1], there.shape[1], requires_grad=True)
    intercepts = torch.full((there.shape[1],), -5.0, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [coefficients, intercepts],
        max_iter=iterations,
        history_size=10,
        line_search_fn="strong_wolfe",
    )
    scale = 1 / max(1.0, float(there.sum()))

    def closure() -> Tensor:
        optimizer.zero_grad()
        logits = heard @ coefficients + intercepts
        each = nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        loss = (each * weights[:, None]).sum() + ridge * coefficients.square().sum()
        loss = loss * scale
        loss.backward()
        return loss

    optimizer.step(closure)
    return coefficients.detach().T, intercepts.detach()
