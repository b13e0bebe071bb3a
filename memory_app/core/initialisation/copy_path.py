"""Units that begin as a path from the embedding to the head, so that copying needn't be found.

An LSTM that has to say again any word out of thousands must carry the word's embedding through
its layers and back to the (tied) head. From random weights that map is learned one word at a time;
here the last `units` units of each layer begin as it: the lower layers pass the token just read on,
the last layer keeps it, its input and output gates nearly shut. When to open them is what training
has to find. Nothing holds the path open afterwards: it is an initial value, not a part of the cell.
"""

from __future__ import annotations

import torch
from torch import Tensor

from memory_app.core.initialisation.fit_gates import layer_weights
from memory_app.core.model.model import LanguageModel

#: Standard deviation of a unit's code over the vocabulary, before tanh.
SPREAD = 0.8
#: Logit that a word gets from its own code, gates open; others get about a tenth of it.
GAIN = 20.0
#: Biases of the gates: open, shut, nearly shut. In sigmoids: 0.95, 0.02, 0.05.
OPEN, SHUT, NEARLY_SHUT = 3.0, -4.0, -3.0


@torch.no_grad()
def open_copy_path(model: LanguageModel, units: int) -> None:
    """Rewrite the last `units` units of each layer and their columns of the projection, in place.

    The code of token w is SPREAD · (v_k · (e_w − mean)) / σ_k for the first `units` principal
    directions v_k of the embedding, σ_k the standard deviation along each: in these coordinates
    different words are nearly orthogonal, so the transposed map tells them apart again.

    Raises:
        ValueError: another cell than lstm, no projection, or more units than there are
            directions or hidden units.
    """
    config = model.config
    if not config.kind.has_gate_weights or not config.has_projection:
        raise ValueError("A copy path needs an lstm with a projection.")
    if not 0 < units <= min(config.hidden_size, config.embedding_dim):
        raise ValueError("A copy path has at most as many units as the layers and the embedding.")
    embedding = model.embedding.weight
    centred = embedding - embedding.mean(0)
    _, singular, directions = torch.linalg.svd(centred, full_matrices=False)
    sigma = singular[:units] / len(embedding) ** 0.5
    encode = SPREAD * directions[:units] / sigma[:, None]  # (units, embed)
    first = config.hidden_size - units
    for layer in range(config.num_layers):
        ih, hh, bias, other = layer_weights(model, layer)
        keeps = layer == config.num_layers - 1
        i, f, g, o = (_rows(ih, gate)[first:] for gate in range(4))
        for rows in (i, f, g, o):
            rows.zero_()
        for gate in range(4):
            _rows(hh, gate)[first:].zero_()
            _rows(other, gate)[first:].zero_()
            _rows(bias, gate)[first:].zero_()
        if layer == 0:
            g.copy_(encode)
            _rows(bias, 2)[first:].copy_(-encode @ embedding.mean(0))
        else:
            g[:, first:] = 1.5 * torch.eye(units)
        _rows(bias, 0)[first:] = NEARLY_SHUT if keeps else OPEN
        _rows(bias, 1)[first:] = -SHUT if keeps else SHUT
        _rows(bias, 3)[first:] = NEARLY_SHUT if keeps else OPEN
    model.projection.weight[:, first:] = (
        GAIN / (units * SPREAD) / sigma[:, None] * directions[:units]
    ).T


def _rows(weight: Tensor, gate: int) -> Tensor:
    """One gate's rows (a view) of a weight or bias of torch.nn.LSTM, in the order i, f, g, o."""
    return weight.chunk(4)[gate]
