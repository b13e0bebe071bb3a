"""The mLSTM's recurrence (Beck et al. 2024, arXiv 2405.04517), over a stretch and for one token.

C_t = f_t C_{t-1} + i_t k_t v_tᵀ, n_t = f_t n_{t-1} + i_t k_t, h_t = C_tᵀ q_t / max(|n_tᵀ q_t|, 1).
i is an exponential, so C and n are kept divided by exp(m), m_t = max(log f_t + m_{t-1}, log i_t);
the 1 becomes exp(-m). No h depends on the m that is chosen, so no gradient goes through it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

#: Tokens of a chunk: C is carried from chunk to chunk; within one each token looks at all others.
CHUNK = 64


class Matrix(NamedTuple):
    """The memory of B rows: C [B, heads, key, value], n [B, heads, key], m [B, heads]."""

    c: Tensor
    n: Tensor
    m: Tensor


def size(memory: Matrix) -> Tensor:
    """The Frobenius norm of each head's C, [B, heads]."""
    return memory.c.flatten(-2).norm(dim=-1) * memory.m.exp()


def step(
    q: Tensor, k: Tensor, v: Tensor, log_i: Tensor, log_f: Tensor, before: Matrix
) -> tuple[Tensor, Matrix]:
    """One token a row: q, k [B, heads, key], v [B, heads, value], log i, log f [B, heads].

    Returns (h [B, heads, value], the memory after).
    """
    m = torch.maximum(log_f + before.m, log_i)
    keep = (log_f + before.m - m).exp().unsqueeze(-1)
    write = (log_i - m).exp().unsqueeze(-1) * k
    c = keep.unsqueeze(-1) * before.c + write.unsqueeze(-1) * v.unsqueeze(-2)
    n = keep * before.n + write
    read = (q.unsqueeze(-2) @ c).squeeze(-2)
    scale = torch.maximum((n * q).sum(-1).abs(), (-m).exp())
    return read / scale.unsqueeze(-1), Matrix(c, n, m)


def stretch(
    q: Tensor, k: Tensor, v: Tensor, log_i: Tensor, log_f: Tensor, before: Matrix,
    chunk: int = CHUNK,
) -> tuple[Tensor, Matrix]:  # fmt: skip
    """T tokens a row: q, k [B, T, heads, key], v [B, T, heads, value], gates [B, T, heads].

    Chunks of L tokens; with `chunk` ≥ T there is one, the parallel form. With
    b_t = Σ_{r≤t} log f_r within a chunk, token s reaches t with the weight exp(b_t - b_s + log i_s)
    and the state before the chunk with exp(b_t), both divided by exp(m_t).
    Returns (h [B, T, heads, value], the memory after).
    """
    length = q.shape[1]
    chunk = min(chunk, length)
    # Padding neither writes (log i = -inf) nor forgets (log f = 0).
    missing = -length % chunk
    q, k, v, log_f = (_chunks(x, chunk, missing, 0.0) for x in (q, k, v, log_f))
    log_i = _chunks(log_i, chunk, missing, -torch.inf)
    b = log_f.cumsum(-1)  # [B, heads, N, L]
    a = log_i - b
    total = b[..., -1]  # [B, heads, N]
    with torch.no_grad():
        top = a.cummax(-1).values
        bounds = [before.m]
        for j in range(total.shape[-1]):
            bounds.append(total[..., j] + torch.maximum(bounds[-1], top[..., j, -1]))
        m_before = torch.stack(bounds[:-1], -1)
        m_after = torch.stack(bounds[1:], -1)
        bound = torch.maximum(m_before.unsqueeze(-1), top)  # m_t - b_t
        later = torch.ones(chunk, chunk, dtype=torch.bool, device=q.device).triu(1)
    # n is read as C is, by a value that is always 1.
    v = functional.pad(v, (0, 1), value=1.0)
    weights = (a.unsqueeze(-2) - bound.unsqueeze(-1)).masked_fill(later, -torch.inf).exp()
    read = ((q @ k.transpose(-1, -2)) * weights) @ v  # [B, heads, N, L, value + 1]
    written = (k * (total.unsqueeze(-1) + a - m_after.unsqueeze(-1)).exp().unsqueeze(-1)).mT @ v
    keep = (m_before + total - m_after).exp()[..., None, None]
    state = torch.cat((before.c, before.n.unsqueeze(-1)), -1)  # [B, heads, key, value + 1]
    states = []
    for j in range(total.shape[-1]):
        states.append(state)
        state = keep[:, :, j] * state + written[:, :, j]
    carried = (m_before.unsqueeze(-1) - bound).exp().unsqueeze(-1) * q
    read = read + carried @ torch.stack(states, 2)
    scale = torch.maximum(read[..., -1].abs(), (-bound - b).exp())
    h = read[..., :-1] / scale.unsqueeze(-1)
    h = h.movedim(1, 3).flatten(1, 2)[:, :length]
    return h, Matrix(state[..., :-1], state[..., -1], bounds[-1])


def _chunks(x: Tensor, chunk: int, missing: int, fill: float) -> Tensor:
    """[B, T, heads, …] → [B, heads, N, L, …], filled up to whole chunks."""
    if missing:
        x = torch.cat((x, x.new_full((x.shape[0], missing, *x.shape[2:]), fill)), 1)
    return x.unflatten(1, (-1, chunk)).movedim(3, 1)
