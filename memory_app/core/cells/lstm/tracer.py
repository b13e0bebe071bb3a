"""The gates of a stretch without stepping: given h_{t-1}, all pre-activations are two GEMMs."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor
from torch.nn import functional

from memory_app.core.cells.lstm.layers import LSTMLayers
from memory_app.core.cells.tracer import LayerParts

_ROWS = ("i", "f", "g", "o")  # torch's order


class LSTMTracer:
    """i, f, o = σ(W x + b + U h_{t-1} + d), g = tanh(…), c_t = f c_{t-1} + i g."""

    def __init__(self, layers: LSTMLayers) -> None:
        self._layers = layers

    def outputs(self, layer: int, x: Tensor, before: LayerParts) -> tuple[Tensor, LayerParts]:
        weights = [weight.detach() for weight in self._layers.gate_weights(layer)]
        state = (before["h"].unsqueeze(0), before["c"].unsqueeze(0))  # each [1, 1, hidden]
        y, h, c = torch.lstm(x.unsqueeze(1), state, weights, True, 1, 0.0, False, False, False)
        return y[:, 0], {"h": h[0], "c": c[0]}

    def gates(
        self, layer: int, x: Tensor, outputs: Tensor, before: LayerParts, names: Collection[str]
    ) -> tuple[dict[str, Tensor], LayerParts]:
        # c needs i, f and g.
        rows = [gate for gate in _ROWS if gate in names or ("c" in names and gate != "o")]
        values = {"h": outputs}
        if rows:
            w_ih, w_hh, bias = self._weights_of(layer, rows)
            previous = torch.cat((before["h"], outputs[:-1]))
            pre = functional.linear(x, w_ih, bias)
            pre += functional.linear(previous, w_hh)
            for gate, part in zip(rows, pre.chunk(len(rows), dim=1), strict=True):
                values[gate] = part.tanh() if gate == "g" else part.sigmoid()
        cell = before["c"][0]
        if "c" in names:
            # The one recurrence left, elementwise.
            cells = values["i"] * values["g"]
            for t in range(len(cells)):
                cell = cells[t].addcmul_(values["f"][t], cell)
            values["c"] = cells
        return values, {"h": outputs[-1:].clone(), "c": cell.clone().unsqueeze(0)}

    def _weights_of(self, layer: int, rows: list[str]) -> tuple[Tensor, Tensor, Tensor]:
        """The weights of these gates alone, and both biases in one."""
        w_ih, w_hh, b_ih, b_hh = (weight.detach() for weight in self._layers.gate_weights(layer))
        bias = b_ih + b_hh
        if len(rows) == len(_ROWS):
            return w_ih, w_hh, bias
        places = [_ROWS.index(gate) for gate in rows]
        w_ih, w_hh, bias = (
            torch.cat([part.chunk(4)[place] for place in places]) for part in (w_ih, w_hh, bias)
        )
        return w_ih, w_hh, bias
