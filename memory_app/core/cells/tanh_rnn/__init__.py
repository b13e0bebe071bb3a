"""The plain recurrent network (Elman 1990), kept to be trained and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memory_app.core.cells.base import Cell, Gate, Shape, Sizes
from memory_app.core.messages import Sentence

if TYPE_CHECKING:
    from memory_app.core.cells.layers import SteppedLayers


class TanhRNN(Cell):
    """h_t = tanh(W_h x_t + W_l h_{t-1} + b). Its state has a part c that stays zero, so that its
    stored states have the same form as an LSTM's."""

    name = "tanh_rnn"
    state_parts = ("h", "c")
    gates = (
        Gate(
            "h",
            Sentence("hidden state"),
            Sentence("Hidden state h: what the unit outputs."),
            -1.0,
            1.0,
        ),
    )
    strip_gates = ("h",)
    memory_gate = "h"
    stacked = True
    serves_chats = False

    def parameters(self, sizes: Sizes) -> dict[str, Shape]:
        hidden = sizes.hidden_size
        shapes: dict[str, Shape] = {}
        for layer in range(sizes.num_layers):
            width = hidden if layer else sizes.embedding_dim
            shapes[f"layers.{layer}.input.weight"] = (hidden, width)
            shapes[f"layers.{layer}.input.bias"] = (hidden,)
            shapes[f"layers.{layer}.recurrent.weight"] = (hidden, hidden)
        return shapes

    def build(self, sizes: Sizes, dropout: float = 0.0) -> SteppedLayers:
        from memory_app.core.cells.layers import SteppedLayers
        from memory_app.core.cells.tanh_rnn.layer import TanhRNNLayer

        widths = [sizes.embedding_dim] + [sizes.hidden_size] * (sizes.num_layers - 1)
        return SteppedLayers([TanhRNNLayer(width, sizes.hidden_size) for width in widths], dropout)
