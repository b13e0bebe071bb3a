"""An mLSTM block: what it reads of the layers below, its matrix memory, what it adds to them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from memory_app.core.cells.held_layers import HeldLayer
from memory_app.core.cells.layers import Gates
from memory_app.core.cells.xlstm import matrix_memory
from memory_app.core.cells.xlstm.blocks import ADDRESS_TOKENS, MatrixSizes
from memory_app.core.cells.xlstm.matrix_memory import Matrix

#: log i lies between -15 and 15, by 15 tanh(x / 15): no prompt makes a state that overflows.
LOG_INPUT_BOUND = 15.0
NORM_EPS = 1e-5
#: q and k have length 1, so that i alone says how strongly a token is written.
UNIT_EPS = 1e-6
INPUT_BIAS = -1.0
FORGET_BIASES = (4.0, 8.0)  # of the first and the last head: they forget within 55 … 3,000 tokens


class Inputs(NamedTuple):
    """What a stretch of T tokens gives to the memory and the output gate.

    q, k [B, T, heads, key], v [B, T, heads, value]; log i, log f [B, T, heads]; o [B, T, values];
    `shift` [B, ADDRESS_TOKENS, width]: the last mixed inputs, which the next token's q and k need.
    """

    q: Tensor
    k: Tensor
    v: Tensor
    log_i: Tensor
    log_f: Tensor
    o: Tensor
    shift: Tensor


class RMSNorm(nn.Module):
    """x / sqrt(mean x² + eps) · weight over the last axis."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()
        return x * (x.square().mean(-1, keepdim=True) + NORM_EPS).rsqrt() * self.weight


class MatrixBlock(nn.Module):
    """Works on three streams side by side: h of the top LSTM layer, the embedding e, and r.

    r [embed] begins at zero and is what the blocks add up; each reads (norm h, norm (e + r)), mixes
    them to `width`, and reads an address from this position and the two before it. q is the address
    of this position, k that of the last one (plus a map of this token): so a token is found again
    by what stood before it, and q and k need not learn to meet. The size of what is read says how
    sure it is, so no norm follows. The topmost block hands on h and r alone: what the projection
    reads.
    """

    def __init__(
        self, sizes: MatrixSizes, hidden_size: int, embedding_dim: int, *, top: bool
    ) -> None:
        super().__init__()
        self.sizes, self.top = sizes, top
        self.streams = [hidden_size, embedding_dim, embedding_dim]
        width = sizes.width
        self.norm_h, self.norm_r = RMSNorm(hidden_size), RMSNorm(embedding_dim)
        self.mix = nn.Linear(hidden_size + embedding_dim, width)
        self.address = nn.Linear(ADDRESS_TOKENS * width, sizes.keys, bias=False)
        self.own_key = nn.Linear(width, sizes.keys, bias=False)
        self.value = nn.Linear(width, sizes.values, bias=False)
        self.gates = nn.Linear(width, 2 * sizes.heads)
        self.output_gate = nn.Linear(width, sizes.values)
        self.output = nn.Linear(sizes.values, embedding_dim, bias=False)
        self.norm_up = RMSNorm(embedding_dim)
        self.up = nn.Linear(hidden_size + embedding_dim, sizes.feed_forward, bias=False)
        self.down = nn.Linear(sizes.feed_forward, embedding_dim, bias=False)
        with torch.no_grad():
            for zero in (
                self.gates.weight, self.output_gate.bias, self.output.weight, self.own_key.weight
            ):  # fmt: skip
                zero.zero_()
            self.down.weight.zero_()
            self.gates.bias[: sizes.heads] = INPUT_BIAS
            self.gates.bias[sizes.heads :] = torch.linspace(*FORGET_BIASES, sizes.heads)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[…, streams] → (h, e, r)."""
        h, e, r = x.split(self.streams, dim=-1)
        return h, e, r

    def read(self, x: Tensor, shift: Tensor, forget_bias: float = 0.0) -> Inputs:
        """x [B, T, streams], `shift` [B, ADDRESS_TOKENS, width] → what the memory gets.

        `forget_bias` is added to f's pre-activation.
        """
        sizes = self.sizes
        h, e, r = self.split(x)
        mixed = self.mix(torch.cat((self.norm_h(h), self.norm_r(e + r)), dim=-1))
        past = torch.cat((shift.to(mixed.dtype), mixed), dim=1)  # [B, 3 + T, width]
        count = mixed.shape[1] + 1  # addresses, from that of the position before the first
        address = self.address(
            torch.cat([past[:, back : back + count] for back in range(ADDRESS_TOKENS)], dim=-1)
        )
        q = unit(address[:, 1:], sizes)
        k = unit(address[:, :-1] + self.own_key(mixed), sizes)
        log_i, log_f = self._gates(mixed, forget_bias)
        return Inputs(
            q,
            k,
            self.value(mixed).float().unflatten(-1, (sizes.heads, sizes.value)),
            log_i,
            log_f,
            torch.sigmoid(self.output_gate(mixed).float()),
            past[:, -ADDRESS_TOKENS:].float(),
        )

    def _gates(self, mixed: Tensor, forget_bias: float) -> tuple[Tensor, Tensor]:
        """Log i and log f, each [B, T, heads]; always float32, since a stretch sums log f."""
        with torch.autocast(mixed.device.type, enabled=False):
            i, f = self.gates(mixed.float()).chunk(2, dim=-1)
            if forget_bias:
                f = f + forget_bias
        return LOG_INPUT_BOUND * torch.tanh(i / LOG_INPUT_BOUND), functional.logsigmoid(f)

    def finish(self, x: Tensor, read: Tensor, o: Tensor) -> Tensor:
        """x […, streams], what was read […, values] and the output gate → what is handed on."""
        h, e, r = self.split(x)
        r = r + self.output(o * read)
        inner = self.up(torch.cat((self.norm_h(h), self.norm_up(e + r)), dim=-1))
        r = r + self.down(functional.gelu(inner))
        return torch.cat((h, r) if self.top else (h, e, r), dim=-1)

    def forward(
        self, x: Tensor, parts: dict[str, Tensor], chunk: int, at: Tensor | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """x [B, T, streams] → (what is handed on, the parts after).

        `at` bool [B, T]: the positions to hand on, flat, [n, streams]; None: all of them.
        """
        inputs = self.read(x, parts["shift"])
        with torch.autocast(x.device.type, enabled=False):
            read, after = matrix_memory.stretch(*inputs[:5], memory_in(parts), chunk)
        read, o = read.flatten(2), inputs.o
        if at is not None:
            x, read, o = x[at], read[at], o[at]
        return self.finish(x, read, o), parts_of(after, inputs.shift)

    def step(
        self, x: Tensor, parts: dict[str, Tensor], held: HeldLayer | None = None
    ) -> tuple[Tensor, dict[str, Tensor], Gates]:
        """One token a row: x [B, streams] → (what is handed on, the parts after, the gates).

        `held`: gates i, f and o that are held.
        """
        inputs = self.read(x.unsqueeze(1), parts["shift"], held.forget_bias if held else 0.0)
        q, k, v, log_i, log_f, o = (tensor[:, 0] for tensor in inputs[:6])
        if held is not None:
            log_i, log_f = held.logarithm("i", log_i), held.logarithm("f", log_f)
            o = held("o", o)
        read, after = matrix_memory.step(q, k, v, log_i, log_f, memory_in(parts))
        read = read.flatten(1)
        handed = self.finish(x, read, o)
        gates = {
            "i": log_i.exp(), "f": log_f.exp(), "o": o, "q": q.flatten(1), "k": k.flatten(1),
            "v": v.flatten(1), "size": matrix_memory.size(after), "h": read,
        }  # fmt: skip
        return handed, parts_of(after, inputs.shift), gates


def unit(x: Tensor, sizes: MatrixSizes) -> Tensor:
    """[…, keys] → float32 […, heads, key], each head's vector of length 1."""
    return functional.normalize(
        x.float().unflatten(-1, (sizes.heads, sizes.key)), dim=-1, eps=UNIT_EPS
    )


def memory_in(parts: dict[str, Tensor]) -> Matrix:
    """The matrix memory in a block's parts."""
    return Matrix(parts["C"], parts["n"], parts["m"])


def parts_of(memory: Matrix, shift: Tensor) -> dict[str, Tensor]:
    """A block's parts."""
    return {"C": memory.c, "n": memory.n, "m": memory.m, "shift": shift}
