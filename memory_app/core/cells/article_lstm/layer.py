"""One layer of the article's LSTM."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from memory_app.core.cells.layers import Gates


class ArticleLSTMLayer(nn.Module):
    """Gates i, f, g, o each σ(W h_{t-1} + U x_t + b), or g = tanh(…) by option;
    h_t = o · σ(W_h g + b_h).

    What it lacks: a cell state. i and f are computed and shown, yet nothing is multiplied by
    them, so there is no additive path on which a value could survive many steps: it forgets
    like a plain recurrent network. With σ throughout, h never changes sign.
    """

    def __init__(self, input_size: int, hidden_size: int, *, tanh_candidate: bool = False) -> None:
        super().__init__()
        self.tanh_candidate = tanh_candidate
        self.input = nn.Linear(input_size, 4 * hidden_size)
        self.recurrent = nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        self.output = nn.Linear(hidden_size, hidden_size)

    def step(self, x: Tensor, parts: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor], Gates]:
        """One token: x [B, in], h [B, hidden] → h', the parts after, gates i f g o and h."""
        i, f, g, o = (self.input(x) + self.recurrent(parts["h"])).chunk(4, dim=-1)
        i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()
        g = g.tanh() if self.tanh_candidate else g.sigmoid()
        h = o * torch.sigmoid(self.output(g))
        return h, {"h": h, "c": parts["c"]}, {"i": i, "f": f, "g": g, "o": o, "h": h}
