"""Every gate of a stretch in one layer, without stepping but for the size of C."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from memory_app.core.cells.lstm.tracer import LSTMTracer
from memory_app.core.cells.tracer import LayerParts, one_by_one
from memory_app.core.cells.xlstm import matrix_memory
from memory_app.core.cells.xlstm.block import Inputs, memory_in, parts_of
from memory_app.core.cells.xlstm.layers import XLSTMLayers


class XLSTMTracer:
    """The lower layers by the LSTM's tracer, the blocks by their chunkwise form."""

    def __init__(self, layers: XLSTMLayers) -> None:
        self._layers, self._lower = layers, LSTMTracer(layers.lstm)

    def outputs(self, layer: int, x: Tensor, before: LayerParts) -> tuple[Tensor, LayerParts]:
        layers = self._layers
        if layer >= layers.lower:
            y, after = layers.block(layer)(x.unsqueeze(0), before, layers.chunk)
            return y[0], after
        below, e = layers.below(layer, x)
        h, after = self._lower.outputs(layer, below, before)
        return layers.hand_on(layer, h, e), after

    def gates(
        self, layer: int, x: Tensor, outputs: Tensor, before: LayerParts, names: Collection[str]
    ) -> tuple[dict[str, Tensor], LayerParts]:
        layers = self._layers
        if layer < layers.lower:
            below, _ = layers.below(layer, x)
            h = outputs[:, : layers.lstm.hidden_size]
            return self._lower.gates(layer, below, h, before, names)
        inputs = layers.block(layer).read(x.unsqueeze(0), before["shift"])
        h, after = matrix_memory.stretch(*inputs[:5], memory_in(before), layers.chunk)
        values = gates_of(inputs, h)
        if "size" in names:
            values["size"] = _sizes(inputs, before)
        found = {name: value.flatten(2)[0] for name, value in values.items() if name in names}
        return found, parts_of(after, inputs.shift)

    def together(
        self, layer: int, xs: Sequence[Tensor], befores: Sequence[LayerParts],
        names: Collection[str],
    ) -> list[tuple[Tensor, dict[str, Tensor]]]:  # fmt: skip
        layers = self._layers
        if layer >= layers.lower:
            return one_by_one(self, layer, xs, befores, names)
        below = [layers.below(layer, x) for x in xs]
        found = self._lower.together(layer, [x for x, _ in below], befores, names)
        return [
            (layers.hand_on(layer, h, e), gates)
            for (h, gates), (_, e) in zip(found, below, strict=True)
        ]


def gates_of(inputs: Inputs, h: Tensor) -> dict[str, Tensor]:
    """The traced quantities of a stretch, but for the size of C: each [B, T, …]."""
    return {
        "i": inputs.log_i.exp(), "f": inputs.log_f.exp(), "o": inputs.o,
        "q": inputs.q, "k": inputs.k, "v": inputs.v, "h": h,
    }  # fmt: skip


def _sizes(inputs: Inputs, before: LayerParts) -> Tensor:
    """The Frobenius norm of each head's C after each token, [1, T, heads].

    |C_t|² = f² |C_{t-1}|² + 2 f i k·C_{t-1} v + i² |k|² |v|² would need no C, but cancels; so C is
    carried from token to token here.
    """
    memory, sizes = memory_in(before), []
    for t in range(inputs.q.shape[1]):
        q, k, v, log_i, log_f = (tensor[:, t] for tensor in inputs[:5])
        _, memory = matrix_memory.step(q, k, v, log_i, log_f, memory)
        sizes.append(matrix_memory.size(memory))
    return torch.stack(sizes, dim=1)
