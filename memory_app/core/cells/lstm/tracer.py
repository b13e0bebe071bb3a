"""The gates of a stretch without stepping: given h_{t-1}, all pre-activations are two GEMMs."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pack_sequence, unpack_sequence

from memory_app.core.cells.lstm.layers import LSTMLayers
from memory_app.core.cells.tracer import LayerParts, one_by_one

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

    def together(
        self, layer: int, xs: Sequence[Tensor], befores: Sequence[LayerParts],
        names: Collection[str],
    ) -> list[tuple[Tensor, dict[str, Tensor]]]:  # fmt: skip
        """As rows of one batch, longest first, so that the weights are read once a step for all."""
        rows = [gate for gate in _ROWS if gate in names]
        if len(rows) < len([name for name in names if name != "h"]) or len(xs) == 1:
            return one_by_one(self, layer, xs, befores, names)
        packed = pack_sequence(list(xs), enforce_sorted=False)
        x, sizes, order = packed.data, packed.batch_sizes, packed.sorted_indices
        assert order is not None
        first = torch.cat([befores[k]["h"] for k in order.tolist()])  # [B, hidden]
        cells = torch.cat([befores[k]["c"] for k in order.tolist()])
        weights = [weight.detach() for weight in self._layers.gate_weights(layer)]
        y, _, _ = torch.lstm(
            x, sizes, (first.unsqueeze(0), cells.unsqueeze(0)), weights, True, 1, 0.0, False, False
        )
        previous, start = [], 0
        for size in sizes.tolist():
            previous.append(first[:size])
            first = y[start : start + size]
            start += size
        w_ih, w_hh, bias = self._weights_of(layer, rows)
        pre = functional.linear(x, w_ih, bias) + functional.linear(torch.cat(previous), w_hh)
        values = {"h": y}
        for gate, part in zip(rows, pre.chunk(len(rows), dim=1), strict=True):
            values[gate] = part.tanh() if gate == "g" else part.sigmoid()
        apart = {
            name: unpack_sequence(packed._replace(data=value)) for name, value in values.items()
        }
        return [
            (apart["h"][k], {name: stretches[k] for name, stretches in apart.items()})
            for k in range(len(xs))
        ]

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
