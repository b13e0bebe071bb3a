"""The xlstm: an LSTM below, blocks with a matrix memory above (Beck et al. 2024, arXiv 2405.04517).

A vector cell has no addresses; C_t = f C_{t-1} + i k vᵀ is written at k and read by q, so what was
told is found again by what it was about. The LSTM counts and keeps order, which C cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from memory_app.core.cells.base import Cell, Dimensions, Gate, Shape, Sizes
from memory_app.core.cells.lstm import LSTM
from memory_app.core.cells.xlstm.blocks import complete_blocks, matrix_sizes
from memory_app.core.messages import Sentence

if TYPE_CHECKING:
    from memory_app.core.cells.xlstm.layers import XLSTMLayers


class XLSTM(Cell):
    """A unit of a block is a value of a head; `blocks` in config.json says what each layer is."""

    name = "xlstm"
    state_parts = ("h", "c", "C", "n", "m", "shift")
    unbounded_parts = ("c",)
    gates = (
        *LSTM.gates,
        Gate("q", Sentence("query"), Sentence("Query q: what the head looks for, per head.")),
        Gate("k", Sentence("key"), Sentence("Key k: the address that the head writes to.")),
        Gate("v", Sentence("value"), Sentence("Value v: what the head writes there.")),
    )
    strip_gates = ("i", "f", "o")
    memory_gate, write_gate, keep_gate = "c", "i", "f"
    options = {"blocks": []}
    lower_cell = ("lstm", "lstm.")
    serves_chats = False

    def complete_options(self, given: Mapping[str, Any], sizes: Dimensions) -> dict[str, Any]:
        options = super().complete_options(given, sizes)
        blocks = complete_blocks(options["blocks"], sizes.num_layers, sizes.embedding_dim)
        return {"blocks": blocks}

    def layer_parts(self, sizes: Sizes) -> tuple[dict[str, Shape], ...]:
        hidden = (sizes.hidden_size,)
        return tuple(
            {"h": hidden, "c": hidden} if block is None else block.parts
            for block in matrix_sizes(sizes.options)
        )

    def parameters(self, sizes: Sizes) -> dict[str, Shape]:
        hidden, embed = sizes.hidden_size, sizes.embedding_dim
        rows = 4 * hidden
        shapes: dict[str, Shape] = {}
        layers = matrix_sizes(sizes.options)
        lower = layers.count(None)
        for layer in range(lower):
            shapes[f"lstm.weight_ih_l{layer}"] = (rows, hidden if layer else embed)
            shapes[f"lstm.weight_hh_l{layer}"] = (rows, hidden)
            shapes[f"lstm.bias_ih_l{layer}"] = shapes[f"lstm.bias_hh_l{layer}"] = (rows,)
        for number, block in enumerate(layers[lower:]):
            assert block is not None
            own: dict[str, Shape] = {
                "norm_h.weight": (hidden,),
                "norm_r.weight": (embed,),
                "mix.weight": (block.width, hidden + embed),
                "query_key.weight": (2 * block.keys, 2 * block.width),
                "value.weight": (block.values, block.width),
                "gates.weight": (2 * block.heads, block.width),
                "gates.bias": (2 * block.heads,),
                "output_gate.weight": (block.values, block.width),
                "output_gate.bias": (block.values,),
                "norm_read.weight": (block.values,),
                "output.weight": (embed, block.values),
                "norm_up.weight": (embed,),
                "up.weight": (block.feed_forward, embed),
                "down.weight": (embed, block.feed_forward),
            }
            shapes |= {f"blocks.{number}.{name}": shape for name, shape in own.items()}
        return shapes

    def build(self, sizes: Sizes, dropout: float = 0.0) -> XLSTMLayers:
        from memory_app.core.cells.xlstm.layers import XLSTMLayers

        return XLSTMLayers(sizes, dropout)

    def output_size(self, sizes: Sizes) -> int:
        return sizes.hidden_size + sizes.embedding_dim

    def unit_count(self, sizes: Sizes, layer: int) -> int:
        block = matrix_sizes(sizes.options)[layer]
        return sizes.hidden_size if block is None else block.values
