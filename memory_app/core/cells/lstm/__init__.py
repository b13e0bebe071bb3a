"""The LSTM as torch.nn.LSTM defines it (Hochreiter & Schmidhuber 1997; Gers et al. 2000).

i, f, o = σ(W x + b + U h + d), g = tanh(…); c' = f · c + i · g; h' = o · tanh(c').
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from memory_app.core.cells.base import Cell, Gate, Shape, Sizes
from memory_app.core.messages import Sentence

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from memory_app.core.cells.layers import Layers
    from memory_app.core.cells.ledger import Reading, Writes
    from memory_app.core.cells.lstm.layers import LSTMLayers
    from memory_app.core.cells.lstm.packed import PackedLSTM
    from memory_app.core.cells.lstm.tracer import LSTMTracer


class LSTM(Cell):
    """Parameters are torch.nn.LSTM's own; a unit is a row of h."""

    name = "lstm"
    state_parts = ("h", "c")
    unbounded_parts = ("c",)
    gates = (
        Gate(
            "i",
            Sentence("input"),
            Sentence("Input gate i: how much of the new candidate is written, per unit."),
            0.0,
            1.0,
        ),
        Gate(
            "f",
            Sentence("forget"),
            Sentence("Forget gate f: how much of the old cell state is kept, per unit."),
            0.0,
            1.0,
        ),
        Gate(
            "g",
            Sentence("candidate"),
            Sentence("Candidate g: what would be written to the cell state, from −1 to 1."),
            -1.0,
            1.0,
        ),
        Gate(
            "o",
            Sentence("output"),
            Sentence("Output gate o: how much of the cell state is passed to the next layer."),
            0.0,
            1.0,
        ),
        Gate(
            "c",
            Sentence("cell state"),
            Sentence("Cell state c: what the unit stores after this token."),
        ),
        Gate(
            "h",
            Sentence("hidden state"),
            Sentence("Hidden state h: what the unit outputs, h = o · tanh c."),
            -1.0,
            1.0,
        ),
    )
    strip_gates = ("i", "f", "o")
    memory_gate, write_gate, keep_gate = "c", "i", "f"
    stacked = True
    has_ledger = True
    write_gates, read_gates = ("i", "f", "g"), ("o", "c")
    has_gate_weights = True

    def parameters(self, sizes: Sizes) -> dict[str, Shape]:
        rows = 4 * sizes.hidden_size
        shapes: dict[str, Shape] = {}
        for layer in range(sizes.num_layers):
            width = sizes.hidden_size if layer else sizes.embedding_dim
            shapes[f"weight_ih_l{layer}"] = (rows, width)
            shapes[f"weight_hh_l{layer}"] = (rows, sizes.hidden_size)
            shapes[f"bias_ih_l{layer}"] = shapes[f"bias_hh_l{layer}"] = (rows,)
        return shapes

    def held_gates(self, sizes: Sizes, layer: int) -> tuple[str, ...]:
        return ("i", "f", "g", "o")

    def build(self, sizes: Sizes, dropout: float = 0.0) -> LSTMLayers:
        from memory_app.core.cells.lstm.layers import LSTMLayers

        return LSTMLayers(sizes, dropout)

    def pack(self, layers: Any, sizes: Sizes, embedding: Tensor, dtype: torch.dtype) -> PackedLSTM:
        from memory_app.core.cells.lstm.packed import PackedLSTM

        return PackedLSTM(layers, sizes, embedding, dtype)

    def tracer(self, layers: Any) -> LSTMTracer:
        from memory_app.core.cells.lstm.tracer import LSTMTracer

        return LSTMTracer(layers)

    def writes(self, sizes: Sizes, layer: int, gates: Mapping[str, Tensor]) -> Writes:
        from memory_app.core.cells.ledger import VectorWrites

        return VectorWrites.of(gates["f"], gates["i"] * gates["g"])

    def reading(
        self, layers: Layers, sizes: Sizes, layer: int, gates: Mapping[str, Tensor],
        after: Mapping[str, Tensor], direction: Tensor,
    ) -> Reading | None:  # fmt: skip
        """h = o · tanh c = (o · tanh(c) / c) · c, with o and the quotient held fixed."""
        from memory_app.core.cells.lstm.read_out import cell_reading

        if layer < sizes.num_layers - 1:
            return None
        return cell_reading(gates["o"], after["c"], direction)
