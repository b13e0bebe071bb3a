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
    MatrixBlock,
    memory_in,
    parts_of,
    unit,
)
from memory_app.core.cells.xlstm.blocks import ADDRESS_TOKENS
from memory_app.core.cells.xlstm.layers import XLSTMLayers
from memory_app.core.cells.xlstm.matrix_memory import Matrix


class BlockRows:
    """A block's rows: `cn` [capacity, heads, key, value + 1] holds C with n as its last column, `m`
    [capacity, heads]; `shift` [capacity, ADDRESS_TOKENS, width]; `addresses` [capacity, 3, keys]:
    that of the last token, and what the last tokens give to those of the next and the one after."""

    def __init__(self, capacity: int, block: PackedBlock) -> None:
        sizes = block.sizes
        self.block = block
        self.cn = torch.zeros(capacity, sizes.heads, sizes.key, sizes.value + 1)
        self.m = torch.zeros(capacity, sizes.heads)
        self.addresses = torch.zeros(capacity, ADDRESS_TOKENS, sizes.keys)
        self.shift = torch.zeros(capacity, ADDRESS_TOKENS, sizes.width)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All of them."""
        return self.cn, self.m, self.addresses, self.shift

    def load(self, row: int, own: dict[str, Tensor]) -> None:
        """Put a block's parts, of batch 1, into a row."""
        self.cn[row, ..., :-1], self.cn[row, ..., -1] = own["C"][0], own["n"][0]
        self.m[row], self.shift[row] = own["m"][0], own["shift"][0]
        self.addresses[row] = self.block.addresses(own["shift"])[0]

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
    """A block's five GEMMs in `dtype`; everything between them in float32.

    The weights of a norm are part of the map after it. One GEMM gives what a token's mixed input
    is for: its share in the addresses of this token and of the next two, k, v, o and the gates.
    """

    def __init__(self, block: MatrixBlock, dtype: torch.dtype) -> None:
        self.dtype, self.sizes = dtype, block.sizes
        keys, values = block.sizes.keys, block.sizes.values
        self._split = [keys] * (ADDRESS_TOKENS + 1) + [values, values, 2 * block.sizes.heads]
        # The share of the latest token first.
        shares = block.address.weight.detach().chunk(ADDRESS_TOKENS, dim=1)[::-1]
        self._shares = [share.float() for share in shares]
        weights = (
            *shares, block.own_key.weight, block.value.weight, block.output_gate.weight,
            block.gates.weight,
        )  # fmt: skip
        self._o_bias = block.output_gate.bias.detach().float()
        self._gate_bias = block.gates.bias.detach().float()
        self._mix_bias = block.mix.bias.detach().float()
        norms = torch.cat((block.norm_h.weight, block.norm_r.weight))
        self._mix = PackedLinear(block.mix.weight * norms, dtype)
        self._maps = PackedLinear(torch.cat(weights), dtype)
        self._output = PackedLinear(block.output.weight, dtype)
        norms = torch.cat((block.norm_h.weight, block.norm_up.weight))
        self._up = PackedLinear(block.up.weight * norms, dtype)
        self._down = PackedLinear(block.down.weight, dtype)
        self.multiplications = sum(p.numel() for p in block.parameters())

    def addresses(self, shift: Tensor) -> Tensor:
        """The last mixed inputs [n, 3, width] → what `BlockRows.addresses` keeps [n, 3, keys]."""
        latest = shift.flip(1)
        return torch.stack(
            [
                torch.stack(
                    [
                        functional.linear(latest[:, back], self._shares[ahead + back])
                        for back in range(ADDRESS_TOKENS - ahead)
                    ]
                ).sum(0)
                for ahead in range(ADDRESS_TOKENS)
            ],
            dim=1,
        )

    def mixed(self, h: Tensor, s: Tensor) -> Tensor:
        """h [N, hidden] and e + r [N, embed], float32 → [N, width] of `dtype`."""
        mixed = self._mix(torch.cat((_scaled(h), _scaled(s)), dim=-1).to(self.dtype))
        return mixed.float().add_(self._mix_bias).to(self.dtype)

    def maps(self, mixed: Tensor) -> tuple[Tensor, ...]:
        """[…, width] → shares in three addresses, k's own, v, o, log i, log f; float32 […, …]."""
        *keys, v, o, gates = self._maps(mixed).float().split(self._split, dim=-1)
        i, f = (gates + self._gate_bias).chunk(2, dim=-1)
        log_i = LOG_INPUT_BOUND * torch.tanh(i / LOG_INPUT_BOUND)
        return *keys, v, (o + self._o_bias).sigmoid_(), log_i, functional.logsigmoid(f)

    def finish(self, h: Tensor, e: Tensor, r: Tensor | None, read: Tensor, o: Tensor) -> Tensor:
        """h [N, hidden], e, r [N, embed] (None: nothing yet), read [N, heads, value], o → r."""
        added = self._output(read.flatten(1).mul(o).to(self.dtype)).float()
        r = added if r is None else r.add_(added)
        both = torch.cat((_scaled(h), _scaled(e + r)), dim=-1)
        inner = functional.gelu(self._up(both.to(self.dtype)).float())
        return r.add_(self._down(inner.to(self.dtype)).float())

    def step(
        self, rows: BlockRows, h: Tensor, e: Tensor, r: Tensor | None, gates: Tensor | None
    ) -> Tensor:
        """One token of the first n rows, in place → r [n, embed]; `gates` [n, 3] takes means."""
        n, sizes = len(h), self.sizes
        mixed = self.mixed(h, e if r is None else e + r)
        now, following, later, own_key, v, o, log_i, log_f = self.maps(mixed)
        last, coming, after = rows.addresses[:n].unbind(1)
        k, q = unit(last + own_key, sizes), unit(now.add_(coming), sizes)
        rows.addresses[:n] = torch.stack((now, following.add_(after), later), dim=1)
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
        shift = rows.shift[:n]
        shift[:, :-1] = shift[:, 1:].clone()
        shift[:, -1] = mixed
        if gates is not None:
            gates[:, 0] = log_i.exp().mean(1)
            gates[:, 1] = log_f.exp().mean(1)
            gates[:, 2] = o.mean(1)
        return self.finish(h, e, r, read[..., :-1] / scale, o)

    def feed(
        self, h: Tensor, e: Tensor, r: Tensor | None, own: dict[str, Tensor], *, top: bool
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        """T tokens of n prompts: h [n, T, hidden], e and r [n, T, embed] → (r, the parts after).

        Of the topmost block nobody asks for r.
        """
        n, length = h.shape[:2]
        sizes = self.sizes
        mixed = self.mixed(h.flatten(0, 1), (e if r is None else e + r).flatten(0, 1))
        mixed = mixed.unflatten(0, (n, length))
        past = torch.cat((own["shift"].to(self.dtype), mixed), dim=1)  # [n, 3 + T, width]
        maps = [x.unflatten(0, past.shape[:2]) for x in self.maps(past.flatten(0, 1))]
        now, following, later = maps[:ADDRESS_TOKENS]
        address = now[:, 2:] + following[:, 1:-1] + later[:, :-2]  # [n, 1 + T, keys]
        own_key, v, o, log_i, log_f = (x[:, ADDRESS_TOKENS:] for x in maps[ADDRESS_TOKENS:])
        q, k = unit(address[:, 1:], sizes), unit(address[:, :-1] + own_key, sizes)
        v = v.unflatten(-1, (sizes.heads, sizes.value))
        read, after = matrix_memory.stretch(q, k, v, log_i, log_f, memory_in(own))
        parts = parts_of(after, past[:, -ADDRESS_TOKENS:].float())
        if top:
            return None, parts
        flat = None if r is None else r.flatten(0, 1)
        r = self.finish(h.flatten(0, 1), e.flatten(0, 1), flat, read.flatten(0, 1), o.flatten(0, 1))
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


def _scaled(x: Tensor) -> Tensor:
    """x / sqrt(mean x² + eps) over the last axis."""
    return x * (x.square().mean(-1, keepdim=True) + NORM_EPS).rsqrt_()
