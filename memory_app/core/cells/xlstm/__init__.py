"""The xlstm: an LSTM below, blocks with a matrix memory above (Beck et al. 2024, arXiv 2405.04517).

A vector cell has no addresses; C_t = f C_{t-1} + i k vᵀ is written at k and read by q, so what was
told is found again by what it was about. The LSTM counts and keeps order, which C cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from memory_app.core.cells.base import Cell, Dimensions, Gate, Memory, Shape, Sizes
from memory_app.core.cells.lstm import LSTM
from memory_app.core.cells.xlstm.blocks import ADDRESS_TOKENS, complete_blocks, matrix_sizes
from memory_app.core.messages import Sentence

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from memory_app.core.cells.ledger import Reading, Writes
    from memory_app.core.cells.xlstm.layers import XLSTMLayers
    from memory_app.core.cells.xlstm.packed import PackedXLSTM
    from memory_app.core.cells.xlstm.tracer import XLSTMTracer


BLOCK_GATES = (
    Gate(
        "i",
        Sentence("input"),
        Sentence("Input gate i: how strongly the token is written to the matrix, per head."),
        0.0,
    ),
    Gate(
        "f",
        Sentence("forget"),
        Sentence("Forget gate f: how much of the matrix is kept, per head."),
        0.0,
        1.0,
    ),
    Gate(
        "o",
        Sentence("output"),
        Sentence("Output gate o: how much of the read-out is passed on, per value."),
        0.0,
        1.0,
    ),
    Gate(
        "q",
        Sentence("query"),
        Sentence("Query q: the address that is read, head after head."),
        hue="g",
    ),
    Gate(
        "k",
        Sentence("key"),
        Sentence("Key k: the address that is written to, head after head."),
        hue="i",
    ),
    Gate(
        "v",
        Sentence("value"),
        Sentence("Value v: what is written there, head after head."),
        hue="g",
    ),
    Gate(
        "size",
        Sentence("memory size"),
        Sentence("Size of the matrix memory C (Frobenius norm) after this token, per head."),
        0.0,
        hue="c",
    ),
    Gate(
        "h",
        Sentence("read-out"),
        Sentence("Read-out h: what the query finds in the matrix, before the output gate."),
    ),
)


_LSTM = LSTM()


class XLSTM(Cell):
    """A unit of a block is a head; `blocks` in config.json says what each layer is."""

    name = "xlstm"
    state_parts = ("h", "c", "C", "n", "m", "shift")
    unbounded_parts = ("c",)
    part_limits = {"m": 40.0}
    gates = (
        *LSTM.gates,
        *(gate for gate in BLOCK_GATES if gate.name in ("q", "k", "v", "size")),
    )
    has_addresses = True
    has_ledger = True
    write_gates, read_gates = ("i", "f", "g", "k", "v"), ("o", "q", "c")
    strip_gates = ("i", "f", "o")
    memory_gate, write_gate, keep_gate = "c", "i", "f"
    output_part = None
    options = {"blocks": []}
    lower_cell = ("lstm", "lstm.")

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
                "mix.bias": (block.width,),
                "address.weight": (block.keys, ADDRESS_TOKENS * block.width),
                "own_key.weight": (block.keys, block.width),
                "value.weight": (block.values, block.width),
                "gates.weight": (2 * block.heads, block.width),
                "gates.bias": (2 * block.heads,),
                "output_gate.weight": (block.values, block.width),
                "output_gate.bias": (block.values,),
                "output.weight": (embed, block.values),
                "norm_up.weight": (embed,),
                "up.weight": (block.feed_forward, hidden + embed),
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
        return sizes.hidden_size if block is None else block.heads

    def layer_width(self, sizes: Sizes, layer: int) -> int:
        layers = matrix_sizes(sizes.options)
        streams = 1 if layer == len(layers) - 1 or layers[layer + 1] is None else 2
        return sizes.hidden_size + streams * sizes.embedding_dim

    def layer_gates(self, sizes: Sizes, layer: int) -> tuple[Gate, ...]:
        return LSTM.gates if matrix_sizes(sizes.options)[layer] is None else BLOCK_GATES

    def gate_width(self, sizes: Sizes, layer: int, gate: str) -> int:
        block = matrix_sizes(sizes.options)[layer]
        if block is None:
            return sizes.hidden_size
        if gate in ("q", "k"):
            return block.keys
        return block.values if gate in ("v", "o", "h") else block.heads

    def held_gates(self, sizes: Sizes, layer: int) -> tuple[str, ...]:
        lower = matrix_sizes(sizes.options)[layer] is None
        return ("i", "f", "g", "o") if lower else ("i", "f", "o")

    def memory_of(self, sizes: Sizes, layer: int) -> Memory:
        if matrix_sizes(sizes.options)[layer] is None:
            return Memory("c", "c", "i", "f")
        return Memory("C", "size", "i", "f", matrix=True)

    def memory_values(self, sizes: Sizes, layer: int, parts: Mapping[str, Tensor]) -> Tensor:
        if "C" not in parts:
            return super().memory_values(sizes, layer, parts)
        return parts["C"].flatten(-2).norm(dim=-1) * parts["m"].exp()

    def memory_entries(self, sizes: Sizes, layer: int, parts: Mapping[str, Tensor]) -> Tensor:
        if "C" not in parts:
            return super().memory_entries(sizes, layer, parts)
        return parts["C"].double() * parts["m"].double().exp()[:, None, None]

    def writes(self, sizes: Sizes, layer: int, gates: Mapping[str, Tensor]) -> Writes:
        from memory_app.core.cells.xlstm.read_out import block_writes

        block = matrix_sizes(sizes.options)[layer]
        if block is None:
            return _LSTM.writes(sizes, layer, gates)
        return block_writes(block, gates)

    def reading(
        self, layers: Any, sizes: Sizes, layer: int, gates: Mapping[str, Tensor],
        after: Mapping[str, Tensor], direction: Tensor,
    ) -> Reading | None:  # fmt: skip
        """A block's read-out reaches the outputs by their r, the top LSTM layer's h is in them."""
        from memory_app.core.cells.lstm.read_out import cell_reading
        from memory_app.core.cells.xlstm.read_out import block_reading

        hidden = sizes.hidden_size
        if matrix_sizes(sizes.options)[layer] is not None:
            return block_reading(layers.block(layer), gates, after, direction[hidden:])
        if layer < layers.lower - 1:
            return None
        return cell_reading(gates["o"], after["c"], direction[:hidden])

    def memory_moves(
        self, sizes: Sizes, layer: int, gates: Mapping[str, Tensor], memory: Tensor
    ) -> tuple[Tensor, Tensor]:
        if matrix_sizes(sizes.options)[layer] is None:
            return super().memory_moves(sizes, layer, gates, memory)
        from memory_app.core.cells.xlstm.matrix_moves import matrix_moves

        return matrix_moves(gates, memory)

    def pack(self, layers: Any, sizes: Sizes, embedding: Tensor, dtype: torch.dtype) -> PackedXLSTM:
        from memory_app.core.cells.xlstm.packed import PackedXLSTM

        return PackedXLSTM(layers, sizes, embedding, dtype)

    def matrix_at(
        self, layers: Any, layer: int, x: Tensor, before: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        from memory_app.core.cells.xlstm.read_out import matrix_at

        return matrix_at(self.tracer(layers), layer, x, before)

    def tracer(self, layers: Any) -> XLSTMTracer:
        from memory_app.core.cells.xlstm.tracer import XLSTMTracer

        return XLSTMTracer(layers)
