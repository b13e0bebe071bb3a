"""How far a block's matrices move at each token."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


@torch.inference_mode()
def matrix_moves(gates: Mapping[str, Tensor], memory: Tensor) -> tuple[Tensor, Tensor]:
    """The Frobenius norm of C_t - C_{t-1} per head, [T, heads], and C after the stretch.

    `gates` i, f [T, heads], k [T, heads · key], v [T, heads · value]; `memory` [heads, key, value],
    C before, at its true scale. C_t = f_t C_{t-1} + i_t k_t v_tᵀ, so the step is
    (f_t - 1) C_{t-1} + i_t k_t v_tᵀ: taken as it is, since its expanded square cancels.
    """
    heads, key, value = memory.shape
    moved, matrix = [], memory
    for i, f, k, v in zip(gates["i"], gates["f"], gates["k"], gates["v"], strict=True):
        written = torch.einsum("hk,hv->hkv", k.view(heads, key), v.view(heads, value))
        step = (f - 1)[:, None, None] * matrix + i[:, None, None] * written
        moved.append(step.flatten(1).norm(dim=1))
        matrix = matrix + step
    return torch.stack(moved), matrix
