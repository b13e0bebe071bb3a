"""One layer of the plain recurrent network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from memory_app.core.cells.layers import Gates


class TanhRNNLayer(nn.Module):
    """h_t = tanh(W_h x_t + W_l h_{t-1} + b).

    What it lacks: any gate. Every step rewrites the whole of h, so the input is overwritten rather
    than kept, and the gradient through T steps is a product of T Jacobians that shrinks or grows
    exponentially.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input = nn.Linear(input_size, hidden_size)
        self.recurrent = nn.Linear(hidden_size, hidden_size, bias=False)

    def step(self, x: Tensor, parts: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor], Gates]:
        """One token: x [B, in], h [B, hidden] → h', the parts after, the one visible value h."""
        h = torch.tanh(self.input(x) + self.recurrent(parts["h"]))
        return h, {"h": h, "c": parts["c"]}, {"h": h}
