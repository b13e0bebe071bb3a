"""Which earlier token each read-out of a matrix memory came from: exact, by the cell's own formula.

h_t = Σ_{s≤t} a_{t,s} v_s + what the state before the stretch gives, a_{t,s} =
(Π_{s<r≤t} f_r) i_s (k_s·q_t) / max(|n_t·q_t|, 1), with h before the output gate and its norm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from memory_app.core.cells.ledger import MatrixReading, MatrixWrites, reach_of
from memory_app.core.cells.xlstm.block import MatrixBlock
from memory_app.core.cells.xlstm.blocks import MatrixSizes
from memory_app.core.cells.xlstm.tracer import XLSTMTracer

_NEEDED = ("i", "f", "q", "k", "v", "h")


@dataclass(frozen=True, slots=True)
class ReadOut:
    """`weights` [heads, t + 1]: a_{t,s}; `carried` [heads, value]: the share of the state before.

    `residual`: the largest difference between h and their sum, relative where |h| > 1.
    """

    weights: Tensor
    carried: Tensor
    residual: float


def read_out(gates: Mapping[str, Tensor], before: Mapping[str, Tensor], token: int) -> ReadOut:
    """Take token t of a traced block apart: gates float32 [T, …], parts before [*shape].

    Computed in float64. An f that is 0 in float32 counts as the smallest number above it.
    """
    heads, key, value = before["C"].shape
    stop = token + 1
    f = gates["f"][:stop].double().clamp(min=torch.finfo(torch.float32).tiny)
    b = f.log().cumsum(0)  # [t + 1, heads]
    i = gates["i"][:stop].double()
    q = gates["q"][token].double().view(heads, key)
    k = gates["k"][:stop].double().view(stop, heads, key)
    v = gates["v"][:stop].double().view(stop, heads, value)
    reach = (b[-1] - b).exp() * i * torch.einsum("shk,hk->sh", k, q)
    kept = (b[-1] + before["m"].double()).exp().unsqueeze(-1)
    matrix, n = before["C"].double(), before["n"].double()
    normaliser = (reach.sum(0) + (kept * n * q).sum(-1)).abs().clamp(min=1)  # [heads]
    weights = reach / normaliser
    carried = kept * torch.einsum("hkv,hk->hv", matrix, q) / normaliser.unsqueeze(-1)
    h = gates["h"][token].double().view(heads, value)
    apart = (torch.einsum("sh,shv->hv", weights, v) + carried - h).abs()
    residual = float((apart / h.abs().clamp(min=1)).max())
    return ReadOut(weights.T.float(), carried.float(), residual)


def matrix_at(
    tracer: XLSTMTracer, layer: int, x: Tensor, before: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """C [heads, key, value] after x [T, in], and the weights [heads, T] of the last read-out."""
    gates, after = tracer.gates(layer, x, x, dict(before), _NEEDED)
    parts = {name: part[0] for name, part in before.items()}
    return {
        "matrix": after["C"][0] * after["m"][0].exp()[:, None, None],
        "read_out": read_out(gates, parts, len(x) - 1).weights.contiguous(),
    }


def block_writes(sizes: MatrixSizes, gates: Mapping[str, Tensor]) -> MatrixWrites:
    """What a stretch's tokens wrote into C: gates i, f [T, heads], k, v [T, …] of one block."""
    reach, kept = reach_of(gates["f"])
    k = gates["k"].unflatten(1, (sizes.heads, sizes.key))
    v = gates["v"].unflatten(1, (sizes.heads, sizes.value))
    return MatrixWrites(reach * gates["i"].double(), k, v, kept)


def block_reading(
    block: MatrixBlock, gates: Mapping[str, Tensor], after: Mapping[str, Tensor], direction: Tensor
) -> MatrixReading:
    """direction · output(o · h), h = Cᵀ q / max(|n · q|, 1), as a map of C.

    q, o and the normaliser are held fixed, so a token's part of h is a_{t,s} v_s. What the block's
    feed-forward part makes of it is not counted. `direction` [embed].
    """
    sizes = block.sizes
    q = gates["q"].double().view(sizes.heads, sizes.key)
    n = after["n"].double() * after["m"].double().exp().unsqueeze(-1)
    normaliser = (n * q).sum(-1).abs().clamp(min=1).unsqueeze(-1)
    passed = gates["o"].double() * (block.output.weight.detach().double().T @ direction)
    return MatrixReading(q / normaliser, passed.view(sizes.heads, sizes.value))
