"""Three recurrent cells over a sequence, side by side, every gate visible.

Shapes: x [B, T, in]; state per layer [B, hidden]; gates [B, hidden] a step. The product chats
with `lstm`, whose parameters are torch.nn.LSTM's own; the other two are there to be read,
trained and compared.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

Gates = dict[str, Tensor]


def lstm_step(
    x: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor
) -> tuple[Tensor, Tensor, Gates]:
    """One step of the LSTM as torch.nn.LSTM defines it (Hochreiter & Schmidhuber 1997; Gers 2000).

    i, f, o = σ(W x + b + U h + d), g = tanh(…); c' = f · c + i · g; h' = o · tanh(c').
    x [B, in], h and c [B, hidden], w_ih [4·hidden, in] in the order i, f, g, o.
    Returns (h', c', gates i f g o c h).
    """
    pre = torch.nn.functional.linear(x, w_ih, b_ih) + torch.nn.functional.linear(h, w_hh, b_hh)
    i, f, g, o = pre.chunk(4, dim=-1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    c = f * c + i * g
    h = o * c.tanh()
    return h, c, {"i": i, "f": f, "g": g, "o": o, "c": c, "h": h}


class TanhRNNLayer(nn.Module):
    """h_t = tanh(W_h x_t + W_l h_{t-1} + b): the plain recurrent network (Elman 1990).

    What it lacks: any gate. Every step rewrites the whole of h, so what was said is overwritten
    rather than kept, and the gradient through T steps is a product of T Jacobians that shrinks
    or grows exponentially. It has no cell state: c is carried as zeros.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input = nn.Linear(input_size, hidden_size)
        self.recurrent = nn.Linear(hidden_size, hidden_size, bias=False)

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Gates]:
        """One token: x [B, in], h [B, hidden] → h', c unchanged, the one visible value h."""
        h = torch.tanh(self.input(x) + self.recurrent(h))
        return h, c, {"h": h, "c": c}


class ArticleLSTMLayer(nn.Module):
    """The LSTM as the article behind this project draws it, kept so that it can be compared.

    Gates i, f, g, o each σ(W h_{t-1} + U x_t + b), or g = tanh(…) by option;
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

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Gates]:
        """One token: x [B, in], h [B, hidden] → h', c unchanged (zeros), gates i f g o."""
        i, f, g, o = (self.input(x) + self.recurrent(h)).chunk(4, dim=-1)
        i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()
        g = g.tanh() if self.tanh_candidate else g.sigmoid()
        h = o * torch.sigmoid(self.output(g))
        return h, c, {"i": i, "f": f, "g": g, "o": o, "c": c, "h": h}


class SteppedLayers(nn.Module):
    """A stack of layers that only know how to step, run over sequences like torch.nn.LSTM."""

    def __init__(self, layers: list[TanhRNNLayer | ArticleLSTMLayer], dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.dropout = dropout

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple]:
        """x [B, T, in], (h, c) each [layers, B, hidden] → outputs [B, T, hidden], (h', c')."""
        h_all, c_all = state
        h_last, c_last = [], []
        for index, layer in enumerate(self.layers):
            h, c = h_all[index], c_all[index]
            outputs = []
            for t in range(x.shape[1]):
                h, c, _ = layer.step(x[:, t], h, c)  # type: ignore[operator]
                outputs.append(h)
            x = torch.stack(outputs, dim=1)
            if index + 1 < len(self.layers):
                x = nn.functional.dropout(x, self.dropout, self.training)
            h_last.append(h)
            c_last.append(c)
        return x, (torch.stack(h_last), torch.stack(c_last))
