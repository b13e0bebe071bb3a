"""The LSTM packed for decoding: fused weights, and dense rows that a step works on in place."""

from __future__ import annotations

import torch
from torch import Tensor

from memory_app.core.cells.base import Sizes
from memory_app.core.cells.layers import Parts
from memory_app.core.cells.lstm.layers import LSTMLayers
from memory_app.core.cells.lstm.packed_sequence import PackedSequence
from memory_app.core.cells.packed import Pool
from memory_app.core.cells.packed_linear import PackedLinear

# The first layer's input is one of V embeddings, so its whole share of the pre-activations can
# be looked up instead of multiplied; beyond this size the table costs more memory than it saves.
MAX_TABLE_BYTES = 64 << 20


class LSTMPool:
    """`inputs[l]` [capacity, width_l + hidden] holds layer l's GEMM input: what comes from below in
    the first width_l columns, its own h in the rest, in the weights' dtype, since h is used in no
    other place. `cells[l]` [capacity, hidden] holds c in float32.
    """

    def __init__(
        self, capacity: int, widths: list[int], hidden_size: int, dtype: torch.dtype
    ) -> None:
        self.capacity = capacity
        self.widths = widths
        self.inputs = [torch.zeros(capacity, width + hidden_size, dtype=dtype) for width in widths]
        self.cells = [torch.zeros(capacity, hidden_size) for _ in widths]

    def load(self, row: int, parts: Parts) -> None:
        for layer, (width, own) in enumerate(zip(self.widths, parts, strict=True)):
            self.inputs[layer][row, width:] = own["h"][0]
            self.cells[layer][row] = own["c"][0]

    def copy(self, source: Pool, source_row: int, row: int) -> None:
        assert isinstance(source, LSTMPool)
        for tensors, others in ((self.inputs, source.inputs), (self.cells, source.cells)):
            for tensor, other in zip(tensors, others, strict=True):
                tensor[row] = other[source_row]

    def read(self, row: int) -> Parts:
        return tuple(
            {
                "h": self.inputs[layer][row : row + 1, width:].float(),
                "c": self.cells[layer][row : row + 1].clone(),
            }
            for layer, width in enumerate(self.widths)
        )


class PackedLSTM:
    """A layer of a step is one GEMM of [x, h] with [W_ih, W_hh] in `dtype`, then c in float32.

    Rows of the weights are reordered to i, f, o, g, and g's are doubled (exact in any binary
    float), so that one sigmoid serves all four gates by tanh(x) = 2 σ(2x) - 1: torch's tanh takes
    seven times as long as its sigmoid.
    """

    def __init__(
        self, layers: LSTMLayers, sizes: Sizes, embedding: Tensor, dtype: torch.dtype
    ) -> None:
        self.dtype = dtype
        hidden = self._hidden = sizes.hidden_size
        table_bytes = embedding.shape[0] * 4 * hidden * 4
        self._linears: list[PackedLinear] = []
        self._biases: list[Tensor] = []
        self._widths: list[int] = []
        self._sequences: list[PackedSequence] = []
        self._table: Tensor | None = None  # float32 [vocab, 4 · hidden], the bias included
        for layer in range(sizes.num_layers):
            weights = [weight.detach().float() for weight in layers.gate_weights(layer)]
            self._sequences.append(PackedSequence(weights, dtype))
            w_ih, w_hh, b_ih, b_hh = (_reordered(weight, hidden) for weight in weights)
            bias = b_ih + b_hh
            if layer == 0 and table_bytes <= MAX_TABLE_BYTES:
                self._table = embedding.detach().float() @ w_ih.T + bias
                w_ih = w_ih[:, :0]
            self._widths.append(w_ih.shape[1])
            self._linears.append(PackedLinear(torch.cat((w_ih, w_hh), dim=1), dtype))
            self._biases.append(bias)
        self._embedding = embedding.detach().to(dtype)
        self.multiplications = sum(
            4 * hidden * (hidden + (hidden if layer else sizes.embedding_dim))
            for layer in range(sizes.num_layers)
        )

    def pool(self, capacity: int) -> LSTMPool:
        return LSTMPool(capacity, self._widths, self._hidden, self.dtype)

    def feed(self, ids: Tensor, parts: Parts) -> Parts:
        return self.outputs(ids, parts)[1]

    def outputs(self, ids: Tensor, parts: Parts) -> tuple[Tensor, Parts]:
        """`feed`, with the outputs [T, n, hidden] before it: one call a layer for all T tokens."""
        x = self._embedding[ids.T.contiguous()]  # [T, n, embed]
        after = []
        for own, sequence in zip(parts, self._sequences, strict=True):
            x, h, c = sequence(x, own["h"], own["c"])
            after.append({"h": h, "c": c})
        return x, tuple(after)

    def advance(self, pool: Pool, ids: Tensor, gates: Tensor | None = None) -> Tensor:
        assert isinstance(pool, LSTMPool)
        n, hidden = len(ids), self._hidden
        if self._table is None:
            pool.inputs[0][:n, : self._widths[0]] = self._embedding[ids]
        top = len(self._linears) - 1
        for layer, linear in enumerate(self._linears):
            inputs = pool.inputs[layer][:n]
            pre = linear(inputs).float()
            if layer == 0 and self._table is not None:
                pre += self._table.index_select(0, ids)
            else:
                pre += self._biases[layer]
            i, f, o, g = pre.sigmoid_().view(n, 4, hidden).unbind(1)  # each [n, hidden]
            if gates is not None:
                torch.mean(pre.view(n, 4, hidden)[:, :3], dim=2, out=gates[:, layer])
            # c' = f c + i tanh(·) with tanh(·) = 2 g - 1.
            c = pool.cells[layer][:n]
            c.mul_(f).addcmul_(i, g, value=2.0).sub_(i)
            h = torch.mul(c, 2.0).sigmoid_().mul_(2.0).sub_(1.0).mul_(o)
            rounded = h.to(self.dtype)
            inputs[:, self._widths[layer] :] = rounded
            if layer < top:
                pool.inputs[layer + 1][:n, :hidden] = rounded
        return rounded


def _reordered(tensor: Tensor, hidden: int) -> Tensor:
    """torch's gate order i, f, g, o → i, f, o, 2 g along the first axis."""
    i, f, g, o = tensor.split(hidden)
    return torch.cat((i, f, o, 2.0 * g))
