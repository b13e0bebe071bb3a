"""The LSTM as the article behind this project draws it, kept to be trained and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memory_app.core.cells.base import Cell, Gate, Shape, Sizes
from memory_app.core.messages import Sentence

if TYPE_CHECKING:
    from memory_app.core.cells.layers import SteppedLayers


class ArticleLSTM(Cell):
    """Gates i, f, g, o each σ(W h_{t-1} + U x_t + b), or g = tanh(…) by the option `article_tanh`;
    h_t = o · σ(W_h g + b_h). Its state has a part c that stays zero, as in tanh_rnn."""

    name = "article_lstm"
    state_parts = ("h", "c")
    gates = (
        Gate(
            "i", Sentence("input"), Sentence("Computed, but nothing is multiplied by it."), 0.0, 1.0
        ),
        Gate(
            "f",
            Sentence("forget"),
            Sentence("Computed, but nothing is multiplied by it."),
            0.0,
            1.0,
        ),
        Gate(
            "g",
            Sentence("candidate"),
            Sentence("Candidate g: the value that becomes h."),
            -1.0,
            1.0,
        ),
        Gate(
            "o",
            Sentence("output"),
            Sentence("Output gate o: how much of the candidate is passed on."),
            0.0,
            1.0,
        ),
        Gate(
            "h",
            Sentence("hidden state"),
            Sentence("Hidden state h: what the unit outputs."),
            0.0,
            1.0,
        ),
    )
    strip_gates = ("i", "f", "o")
    memory_gate = "h"
    options = {"article_tanh": False}
    stacked = True
    serves_chats = False

    def parameters(self, sizes: Sizes) -> dict[str, Shape]:
        hidden = sizes.hidden_size
        shapes: dict[str, Shape] = {}
        for layer in range(sizes.num_layers):
            width = hidden if layer else sizes.embedding_dim
            shapes[f"layers.{layer}.input.weight"] = (4 * hidden, width)
            shapes[f"layers.{layer}.input.bias"] = (4 * hidden,)
            shapes[f"layers.{layer}.recurrent.weight"] = (4 * hidden, hidden)
            shapes[f"layers.{layer}.output.weight"] = (hidden, hidden)
            shapes[f"layers.{layer}.output.bias"] = (hidden,)
        return shapes

    def build(self, sizes: Sizes, dropout: float = 0.0) -> SteppedLayers:
        from memory_app.core.cells.article_lstm.layer import ArticleLSTMLayer
        from memory_app.core.cells.layers import SteppedLayers

        widths = [sizes.embedding_dim] + [sizes.hidden_size] * (sizes.num_layers - 1)
        tanh = bool(sizes.options["article_tanh"])
        layers = [
            ArticleLSTMLayer(width, sizes.hidden_size, tanh_candidate=tanh) for width in widths
        ]
        return SteppedLayers(layers, dropout)
