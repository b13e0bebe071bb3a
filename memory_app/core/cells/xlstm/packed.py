"""The xlstm packed for decoding: the LSTM's packed layers below, the blocks' GEMMs fused."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from memory_app.core.cells.base import Sizes
from memory_app.core.cells.layers import Parts
from memory_app.core.cells.lstm.packed import LSTMPool, PackedLSTM
from memory_app.core.cells.packed import Pool
from memory_app.core.cells.packed_linear import PackedLinear
from memory_app.core.cells.xlstm import matrix_memory
from memory_app.core.cells.xlstm.block import (
    LOG_INPUT_BOUND,
    NORM_EPS,
    READ_EPS,
    MatrixBlock,
    memory_in,
    parts_of,
)
from memory_app.core.cells.xlstm.layers import XLSTMLayers
from memory_app.core.cells.xlstm.matrix_memory import Matrix


class BlockRows:
    """A block's rows: `cn` [capacity, heads, key, value + 1] holds C with n as its last column, `m`
    [capacity, heads]; `past` [capacity, 2 keys]: what the last token gives to q and k; `shift`."""

    def __init__(self, capacity: int, block: PackedBlock) -> None:
        sizes = block.sizes
        self.block = block
        self.cn = torch.zeros(capacity, sizes.heads, sizes.key, sizes.value + 1)
        self.m = torch.zeros(capacity, sizes.heads)
        self.past = torch.zeros(capacity, 2 * sizes.keys)
        self.shift = torch.zeros(capacity, sizes.width)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All of them."""
        return self.cn, self.m, self.past, self.shift

    def load(self, row: int, own: dict[str, Tensor]) -> None:
        """Put a block's parts, of batch 1, into a row."""
        self.cn[row, ..., :-1], self.cn[row, ..., -1] = own["C"][0], own["n"][0]
        self.m[row], self.shift[row] = own["m"][0], own["shift"][0]
        self.past[row] = self.block.past(own["shift"])[0]

    def read(self, row: int) -> dict[str, Tensor]:
        """A row as parts of batch 1."""
        cn = self.cn[row : row + 1].clone()
        own = slice(row, row + 1)
        return parts_of(
            Matrix(cn[..., :-1], cn[..., -1], self.m[own].clone()), self.shift[own].clone()
        )


class XLSTMPool:
    """The LSTM's rows and each block's."""

    def __init__(self, lower: LSTMPool, upper: list[BlockRows]) -> None:
        self.lower, self.upper = lower, upper

    def load(self, row: int, parts: Parts) -> None:
        count = len(parts) - len(self.upper)
        self.lower.load(row, parts[:count])
        for rows, own in zip(self.upper, parts[count:], strict=True):
            rows.load(row, own)

    def copy(self, source: Pool, source_row: int, row: int) -> None:
        assert isinstance(source, XLSTMPool)
        self.lower.copy(source.lower, source_row, row)
        for rows, other in zip(self.upper, source.upper, strict=True):
            for tensor, given in zip(rows.tensors, other.tensors, strict=True):
                tensor[row] = given[source_row]

    def read(self, row: int) -> Parts:
        return (*self.lower.read(row), *(rows.read(row) for rows in self.upper))


class PackedBlock:
    """A block's six GEMMs in `dtype`; everything between them in float32.

    The weights of a norm are part of the map after it. One GEMM gives what a token's mixed input
    is for: q and k of it and of the next token, v, o and the gates.
    """

    def __init__(self, block: MatrixBlock, dtype: torch.dtype) -> None:
        self.dtype, self.sizes = dtype, block.sizes
        now, before = block.query_key.weight.detach().chunk(2, dim=1)
        keys, values = block.sizes.keys, block.sizes.values
        self._split = [2 * keys, 2 * keys, values, values, 2 * block.sizes.heads]
        scale = torch.ones(2 * keys, 1)
        scale[keys:] = block.sizes.key**-0.5
        weights = (
            now * scale, before * scale, block.value.weight, block.output_gate.weight,
            block.gates.weight,
        )  # fmt: skip
        self._past = (before * scale).float()
        self._o_bias = block.output_gate.bias.detach().float()
        self._gate_bias = block.gates.bias.detach().float()
        norms = torch.cat((block.norm_h.weight, block.norm_r.weight))
        self._mix = PackedLinear(block.mix.weight * norms, dtype)
        self._maps = PackedLinear(torch.cat(weights), dtype)
        self._output = PackedLinear(block.output.weight * block.norm_read.weight, dtype)
        self._up = PackedLinear(block.up.weight * block.norm_up.weight, dtype)
        self._down = PackedLinear(block.down.weight, dtype)
        self.multiplications = sum(p.numel() for p in block.parameters())

    def past(self, shift: Tensor) -> Tensor:
        """What a mixed input [n, width] gives to the next token's q and k [n, 2 keys]."""
        return functional.linear(shift, self._past)

    def mixed(self, h: Tensor, s: Tensor) -> Tensor:
        """h [N, hidden] and e + r [N, embed], float32 → [N, width] of `dtype`."""
        return self._mix(torch.cat((_scaled(h), _scaled(s)), dim=-1).to(self.dtype))

    def maps(self, mixed: Tensor) -> tuple[Tensor, ...]:
        """[N, width] → q and k of this token, of the next, v, o, log i, log f; float32 [N, …]."""
        now, past, v, o, gates = self._maps(mixed).float().split(self._split, dim=-1)
        i, f = (gates + self._gate_bias).chunk(2, dim=-1)
        log_i = LOG_INPUT_BOUND * torch.tanh(i / LOG_INPUT_BOUND)
        return now, past, v, (o + self._o_bias).sigmoid_(), log_i, functional.logsigmoid(f)

    def finish(self, e: Tensor, r: Tensor | None, read: Tensor, o: Tensor) -> Tensor:
        """e, r [N, embed] (None: nothing yet), read [N, heads, value], o [N, values] → r."""
        read = _scaled(read, READ_EPS).flatten(1).mul_(o).to(self.dtype)
        added = self._output(read).float()
        r = added if r is None else r.add_(added)
        inner = functional.gelu(self._up(_scaled(e + r).to(self.dtype)).float())
        return r.add_(self._down(inner.to(self.dtype)).float())

    def step(
        self, rows: BlockRows, h: Tensor, e: Tensor, r: Tensor | None, gates: Tensor | None
    ) -> Tensor:
        """One token of the first n rows, in place → r [n, embed]; `gates` [n, 3] takes means."""
        n, sizes = len(h), self.sizes
        mixed = self.mixed(h, e if r is None else e + r)
        now, past, v, o, log_i, log_f = self.maps(mixed)
        q, k = now.add_(rows.past[:n]).view(n, 2, sizes.heads, sizes.key).unbind(1)
        m = rows.m[:n]
        kept = log_f + m
        torch.maximum(kept, log_i, out=m)
        cn = rows.cn[:n]
        cn.mul_(kept.sub_(m).exp_()[..., None, None])
        write = k * (log_i - m).exp_().unsqueeze(-1)
        v1 = functional.pad(v.view(n, sizes.heads, 1, sizes.value), (0, 1), value=1.0)
        cn.addcmul_(write.unsqueeze(-1), v1)
        read = (q.unsqueeze(-2) @ cn).squeeze(-2)  # [n, heads, value + 1]
        scale = torch.maximum(read[..., -1:].abs(), m.neg().exp_().unsqueeze(-1))
        rows.past[:n], rows.shift[:n] = past, mixed
        if gates is not None:
            gates[:, 0] = log_i.exp().mean(1)
            gates[:, 1] = log_f.exp().mean(1)
            gates[:, 2] = o.mean(1)
        return self.finish(e, r, read[..., :-1] / scale, o)

    def feed(
        self, h: Tensor, e: Tensor, r: Tensor | None, own: dict[str, Tensor], *, top: bool
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        """T tokens of n prompts: h [n, T, hidden], e and r [n, T, embed] → (r, the parts after).

        Of the topmost block nobody asks for r.
        """
        n, length = h.shape[:2]
        sizes = self.sizes
        mixed = self.mixed(h.flatten(0, 1), (e if r is None else e + r).flatten(0, 1))
        maps = [tensor.unflatten(0, (n, length)) for tensor in self.maps(mixed)]
        now, past, v, o, log_i, log_f = maps
        now = now + torch.cat((self.past(own["shift"]).unsqueeze(1), past[:, :-1]), dim=1)
        q, k = now.unflatten(-1, (2, sizes.heads, sizes.key)).unbind(2)
        v = v.unflatten(-1, (sizes.heads, sizes.value))
        read, after = matrix_memory.stretch(q, k, v, log_i, log_f, memory_in(own))
        parts = parts_of(after, mixed.unflatten(0, (n, length))[:, -1].float())
        if top:
            return None, parts
        flat = None if r is None else r.flatten(0, 1)
        r = self.finish(e.flatten(0, 1), flat, read.flatten(0, 1), o.flatten(0, 1))
        return r.unflatten(0, (n, length)), parts


class PackedXLSTM:
    """One thread uses it."""

    def __init__(
        self, layers: XLSTMLayers, sizes: Sizes, embedding: Tensor, dtype: torch.dtype
    ) -> None:
        self._lower = PackedLSTM(layers.lstm, layers.lower_sizes, embedding, dtype)
        self._count = layers.lower
        self._blocks = [
            PackedBlock(layers.block(layer), dtype)
            for layer in range(layers.lower, sizes.num_layers)
        ]
        self._embedding = embedding.detach().float()
        self.dtype = dtype
        self.multiplications = self._lower.multiplications + sum(
            block.multiplications for block in self._blocks
        )

    def pool(self, capacity: int) -> XLSTMPool:
        return XLSTMPool(
            self._lower.pool(capacity), [BlockRows(capacity, block) for block in self._blocks]
        )

    def feed(self, ids: Tensor, parts: Parts) -> Parts:
        h, lower = self._lower.outputs(ids, parts[: self._count])
        h, e, r = h.transpose(0, 1).float(), self._embedding[ids], None
        upper = []
        for block, own in zip(self._blocks, parts[self._count :], strict=True):
            r, after = block.feed(h, e, r, own, top=block is self._blocks[-1])
            upper.append(after)
        return (*lower, *upper)

    def advance(self, pool: Pool, ids: Tensor, gates: Tensor | None = None) -> Tensor:
        assert isinstance(pool, XLSTMPool)
        count = self._count
        top = self._lower.advance(pool.lower, ids, None if gates is None else gates[:, :count])
        h, e, r = top.float(), self._embedding.index_select(0, ids), None
        for place, (block, rows) in enumerate(zip(self._blocks, pool.upper, strict=True)):
            own = None if gates is None else gates[:, count + place]
            r = block.step(rows, h, e, r, own)
        assert r is not None
        return torch.cat((top, r.to(self.dtype)), dim=1)


def _scaled(x: Tensor, eps: float = NORM_EPS) -> Tensor:
    """x / sqrt(mean x² + eps) over the last axis."""
    return x * (x.square().mean(-1, keepdim=True) + eps).rsqrt_()
