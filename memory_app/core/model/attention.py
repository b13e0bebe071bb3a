"""Attention over what was read, after the recurrent layers: it reads states and changes none.

p_t = P h_t + V Σ_s a_ts h_s with a_ts = softmax_s(Q h_t · K h_s / √E): p is what the head reads,
h the last layer's outputs, s the positions of the source. It is a sum, as an adapter's is
(adapter.py), so what the head reads splits exactly into a part of the state and a part of the
attention.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from memory_app.core.model.config import ModelConfig


class Attention(nn.Module):
    """`query.weight`, `key.weight` and `value.weight`, each [embed, hidden]."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        hidden, embed = config.output_size, config.embedding_dim
        self.query = nn.Linear(hidden, embed, bias=False)
        self.key = nn.Linear(hidden, embed, bias=False)
        self.value = nn.Linear(hidden, embed, bias=False)

    def weights(self, outputs: Tensor, source: Tensor, inside: Tensor | None = None) -> Tensor:
        """[B, T, S] ≥ 0, summing to 1 over S: how much each position reads of each source position.

        outputs [B, T, hidden] ask, source [B, S, hidden] is asked; `inside`, bool [B, S], names the
        source positions that there are (None: all).
        """
        keys: Tensor = self.key(source)
        queries: Tensor = self.query(outputs)
        scores = (queries @ keys.transpose(1, 2)).float() / math.sqrt(keys.shape[-1])
        if inside is not None:
            scores = scores.masked_fill(~inside[:, None], -math.inf)
        return scores.softmax(-1)

    def forward(self, outputs: Tensor, source: Tensor, inside: Tensor | None = None) -> Tensor:
        """What is added to what the head reads: [B, T, embed]; arguments as `weights` has them."""
        values: Tensor = self.value(source)
        return self.weights(outputs, source, inside).to(values.dtype) @ values


def source_positions(guessed: Tensor) -> Tensor:
    """What stands before the first guessed position of each row: bool [B, T] → bool [B, T]."""
    return torch.cumsum(guessed, dim=1) == 0
