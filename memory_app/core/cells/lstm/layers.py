"""torch.nn.LSTM behind the cell protocol, and the same step written out gate by gate."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from memory_app.core.cells.base import Sizes
from memory_app.core.cells.held_layers import HeldLayer
from memory_app.core.cells.layers import Gates, Layers, Parts


def lstm_step(
    x: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor,
    held: HeldLayer | None = None,
) -> tuple[Tensor, Tensor, Gates]:  # fmt: skip
    """One step: i, f, o = σ(W x + b + U h + d), g = tanh(…); c' = f · c + i · g; h' = o · tanh(c').

    x [B, in], h and c [B, hidden], w_ih [4·hidden, in] in the order i, f, g, o.
    `held`: gates that are set after the σ and tanh, and what is added to f's pre-activation.
    Returns (h', c', gates i f g o c h).
    """
    pre = functional.linear(x, w_ih, b_ih) + functional.linear(h, w_hh, b_hh)
    i, f, g, o = pre.chunk(4, dim=-1)
    if held is not None:
        f = f + held.forget_bias
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    if held is not None:
        i, f, g, o = held("i", i), held("f", f), held("g", g), held("o", o)
    c = f * c + i * g
    h = o * c.tanh()
    return h, c, {"i": i, "f": f, "g": g, "o": o, "c": c, "h": h}


class LSTMLayers(nn.LSTM, Layers):
    """nn.LSTM whose state is parts by name; its parameters keep their names."""

    def __init__(self, sizes: Sizes, dropout: float) -> None:
        super().__init__(
            sizes.embedding_dim,
            sizes.hidden_size,
            sizes.num_layers,
            batch_first=True,
            dropout=dropout if sizes.num_layers > 1 else 0.0,
        )

    def forward(self, x: Tensor, parts: Parts) -> tuple[Tensor, Parts]:  # type: ignore[override]
        before = (
            torch.stack([own["h"] for own in parts]),
            torch.stack([own["c"] for own in parts]),
        )
        outputs, (h, c) = super().forward(x, before)
        return outputs, tuple(
            {"h": own_h, "c": own_c} for own_h, own_c in zip(h.unbind(), c.unbind(), strict=True)
        )

    def layer_step(
        self, layer: int, x: Tensor, parts: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor], Gates]:
        h, c, gates = lstm_step(x, parts["h"], parts["c"], *self.gate_weights(layer))
        return h, {"h": h, "c": c}, gates

    def held_layer_step(
        self, layer: int, x: Tensor, parts: dict[str, Tensor], held: HeldLayer
    ) -> tuple[Tensor, dict[str, Tensor], Gates]:
        h, c, gates = lstm_step(x, parts["h"], parts["c"], *self.gate_weights(layer), held)
        return h, {"h": h, "c": c}, gates

    def gate_weights(self, layer: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        w_ih, w_hh, b_ih, b_hh = (
            getattr(self, f"{name}_l{layer}")
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        return w_ih, w_hh, b_ih, b_hh

    def open_forget_gates(self, bias: float) -> None:
        with torch.no_grad():
            for layer in range(self.num_layers):
                self.gate_weights(layer)[2].chunk(4)[1].add_(bias)

    def forward_regularised(
        self, x: Tensor, parts: Parts, *, weight_drop: float, drop: Callable[[Tensor], Tensor],
        drop_last: bool,
    ) -> tuple[Tensor, Parts]:  # fmt: skip
        after: list[dict[str, Tensor]] = []
        for layer, own in enumerate(parts):
            w_ih, w_hh, b_ih, b_hh = self.gate_weights(layer)
            weights = (w_ih, functional.dropout(w_hh, weight_drop), b_ih, b_hh)
            before = (own["h"].unsqueeze(0), own["c"].unsqueeze(0))
            x, h, c = torch.lstm(x, before, weights, True, 1, 0.0, True, False, True)
            after.append({"h": h[0], "c": c[0]})
            if layer + 1 < len(parts) or drop_last:
                x = drop(x)
        return x, tuple(after)
