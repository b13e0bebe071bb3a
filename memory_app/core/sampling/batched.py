"""The batched sampler: one choice for every row of a batch in a few vectorised operations.

Row for row equal to `sampling.sample`. No sort of the vocabulary on the usual path: a candidate
is drawn from the whole distribution by inverting its cumulative sum, and one pass over the row
tells whether it lies in the nucleus (torch.multinomial takes 20 times as long).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from memory_app.core.sampling.settings import ATTEMPTS, DRAWS, MAX_TOKENS, Sampling, uniforms

# The cumulative sum is taken over sums of blocks first and then inside one block: scanning a
# whole row is the one pass that cannot be vectorised.
BLOCK = 64
BELOW_ONE = 1 - 2**-23  # times a float32 total: the largest value below it, or the next one
TINY = 1e-38


class Sampler:
    """Settings, draws and reply so far of each row, kept as columns. One thread uses it.

    Rows are 0 … capacity - 1 and `sample` serves the first n; `put` and `move` keep them dense.
    """

    def __init__(self, capacity: int, *, end_id: int, banned: Collection[int]) -> None:
        if not banned:
            raise ValueError("A sampler needs a banned id: it fills the rows' unused history.")
        self._end_id = end_id
        self._banned = torch.tensor(sorted(banned), dtype=torch.int64)
        self._settings: list[Sampling | None] = [None] * capacity
        self._modes: _Modes | None = None
        self._inverse_temperature = torch.ones(capacity, 1)
        self._top_p = torch.ones(capacity, 1)
        self._min_p = torch.zeros(capacity, 1)
        self._penalty = torch.ones(capacity, 1)
        self._min_tokens = torch.zeros(capacity, 1, dtype=torch.int64)
        self._count = torch.zeros(capacity, 1, dtype=torch.int64)
        self._draws = torch.zeros(capacity, MAX_TOKENS + 1, DRAWS)
        self._history = self._banned[0].repeat(capacity, MAX_TOKENS + 1)
        # Above this probability a token is in the nucleus whatever the others have: all that is
        # more probable sums to less than top_p. Most tokens of a trained model need no more.
        self._sure = torch.full((capacity, 1), -1.0)
        # A fresh 2 MB tensor costs more in page faults than the arithmetic that fills it.
        self._work = torch.zeros(2, 0)
        self._rows = torch.arange(capacity)
        self._columns = (
            self._inverse_temperature,
            self._top_p,
            self._min_p,
            self._penalty,
            self._min_tokens,
            self._count,
            self._draws,
            self._history,
            self._sure,
        )

    def put(self, row: int, sampling: Sampling) -> None:
        """A new reply begins in this row."""
        greedy = sampling.greedy
        self._settings[row], self._modes = sampling, None
        self._inverse_temperature[row] = 1.0 if greedy else 1.0 / sampling.temperature
        # Off is out of reach: a sum of 8,000 roundings may fall on either side of 1.
        self._top_p[row] = top_p = 2.0 if sampling.top_p == 1 else sampling.top_p
        self._min_p[row] = sampling.min_p
        self._sure[row] = -1.0 if greedy else 2.0 if sampling.min_p else 1.0 - top_p
        self._penalty[row] = 1.0 if greedy else sampling.repetition_penalty
        self._min_tokens[row] = sampling.min_tokens
        self._count[row] = 0
        self._draws[row] = uniforms(sampling.seed)
        self._history[row] = self._banned[0]

    def move(self, source: int, target: int) -> None:
        """The reply of one row goes on in another."""
        self._settings[target], self._modes = self._settings[source], None
        for column in self._columns:
            column[target] = column[source]

    def sample(self, logits: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Choose for rows 0 … n - 1 and remember what was chosen.

        logits float32 [n, vocab]. Returns ids int64 [n] and natural log-probabilities float32 [n]
        at temperature 1, before any ban, penalty or cut; not finite where the logits are not.
        """
        if self._modes is None or self._modes.n != n:
            self._modes = _Modes(self._settings[:n])
        modes = self._modes
        count = self._count[:n]
        if logits.shape[1] % BLOCK:
            logits = functional.pad(logits, (0, -logits.shape[1] % BLOCK), value=-math.inf)
        scores, p = self._buffers(n, logits.shape[1])
        torch.mul(logits, self._inverse_temperature[:n], out=scores)
        scores.index_fill_(1, self._banned, -math.inf)
        if modes.some_min_tokens:
            too_early = count < self._min_tokens[:n]
            scores[:, self._end_id : self._end_id + 1].masked_fill_(too_early, -math.inf)
        if modes.some_penalty:
            # Padding is the banned id, and a penalty leaves its -inf alone.
            seen = self._history[:n, : int(count.max()) + 1]
            old = scores.gather(1, seen)
            penalty = self._penalty[:n]
            scores.scatter_(1, seen, torch.where(old > 0, old / penalty, old * penalty))
        best = None if modes.greedy_rows is None else _argmax(scores[modes.greedy_rows])
        if modes.some_drawn:
            ids = self._draw(scores, p, modes)
        else:
            ids = torch.zeros(n, dtype=torch.int64)
        if best is not None:
            ids[modes.greedy_rows] = best
        self._history[:n].scatter_(1, count, ids.unsqueeze(1))
        # The softmax kernel takes half of logsumexp's time; what underflows is still finite.
        own = torch.softmax(logits, dim=1, out=p).gather(1, ids.unsqueeze(1))[:, 0]
        logprobs = own.clamp_(min=TINY).log_()
        # A reply may stay one step longer than it has draws, while its last token is fed.
        count.add_(1).clamp_(max=MAX_TOKENS)
        return ids, logprobs

    def _buffers(self, n: int, width: int) -> Tensor:
        """Two float32 [n, width] to work in."""
        if self._work.numel() < 2 * n * width:
            self._work = torch.zeros(2, n * width)
        return self._work[:, : n * width].view(2, n, width)

    def _draw(self, scores: Tensor, p: Tensor, modes: _Modes) -> Tensor:
        """One id a row from softmax(scores) cut by top_k, top_p and min_p: int64 [n].

        Both buffers [n, V] are overwritten.
        """
        n = modes.n
        if modes.top_k_rows is not None and modes.top_k is not None:
            rows, k = modes.top_k_rows, modes.top_k.clamp(max=scores.shape[1])
            part = scores[rows]
            kth = part.topk(int(k.max()), dim=1).values.gather(1, k - 1)
            scores[rows] = part.masked_fill_(part < kth, -math.inf)
        torch.softmax(scores, dim=1, out=p)
        draws = self._draws[self._rows[:n], self._count[:n, 0]]  # [n, DRAWS]
        ids = _invert(p, draws[:, :1])
        if not modes.some_cut:
            return ids
        rows = (p.gather(1, ids.unsqueeze(1)) <= self._sure[:n]).nonzero()[:, 0]
        for attempt in range(1, DRAWS):
            if len(rows):
                part = torch.index_select(p, 0, rows, out=scores[: len(rows)])
                outside = _outside(part, ids[rows], self._top_p[rows], self._min_p[rows])
                rows = rows[outside]
            if not len(rows):
                break
            part = p[rows]
            if attempt == ATTEMPTS:
                part = _cut(part, self._top_p[rows], self._min_p[rows])
            ids[rows] = _invert(part, draws[rows, attempt : attempt + 1])
        return ids


class _Modes:
    """What the first n rows ask for, so that a step skips what nobody does."""

    __slots__ = (
        "greedy_rows",
        "n",
        "some_cut",
        "some_drawn",
        "some_min_tokens",
        "some_penalty",
        "top_k",
        "top_k_rows",
    )

    def __init__(self, settings: Sequence[Sampling | None]) -> None:
        self.n = len(settings)
        rows = [(row, setting) for row, setting in enumerate(settings) if setting is not None]
        drawn = [(row, setting) for row, setting in rows if not setting.greedy]
        greedy = [row for row, setting in rows if setting.greedy]
        limited = [(row, setting.top_k) for row, setting in drawn if setting.top_k]
        self.some_drawn = bool(drawn)
        self.some_penalty = any(setting.repetition_penalty > 1 for _, setting in drawn)
        self.some_cut = any(setting.top_p < 1 or setting.min_p > 0 for _, setting in drawn)
        self.some_min_tokens = any(setting.min_tokens for _, setting in rows)
        self.greedy_rows = torch.tensor(greedy) if greedy else None
        self.top_k_rows = torch.tensor([row for row, _ in limited]) if limited else None
        self.top_k = torch.tensor([[k] for _, k in limited]) if limited else None


def _invert(weights: Tensor, u: Tensor) -> Tensor:
    """The index in each row whose share of the row's sum holds the fraction u.

    weights [r, V], V a multiple of BLOCK; u [r, 1] in [0, 1) → int64 [r].
    """
    blocks = weights.view(len(weights), -1, BLOCK)
    sums = blocks.sum(dim=2)
    cumulative = sums.cumsum(dim=1)  # [r, V / BLOCK]
    block, rest = _locate(cumulative, u * cumulative[:, -1:])
    rest = rest - (cumulative - sums).gather(1, block)
    inner = blocks[torch.arange(len(blocks)), block[:, 0]].cumsum(dim=1)  # [r, BLOCK]
    index, _ = _locate(inner, rest.clamp_(min=0.0))
    return (block * BLOCK + index)[:, 0]


def _locate(cumulative: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The first column beyond the target [r, 1], and the target kept below the row's total.

    A total that rounding let the target reach would point past the last index of any weight.
    """
    target = torch.minimum(target, cumulative[:, -1:] * BELOW_ONE)
    index = torch.searchsorted(cumulative, target, right=True)
    return index.clamp_(max=cumulative.shape[1] - 1), target  # the clamp is for NaN alone


def _outside(p: Tensor, ids: Tensor, top_p: Tensor, min_p: Tensor) -> Tensor:
    """Whether each row's candidate [r] lies outside its nucleus or below min_p: bool [r].

    It is in the nucleus when all that is strictly more probable sums to less than top_p.
    p [r, V] is overwritten.
    """
    own = p.gather(1, ids.unsqueeze(1))
    too_low = own < min_p * p.amax(dim=1, keepdim=True)
    # Dividing and cutting at 1 is vectorised; a comparison's mask and torch.where are not.
    above = torch.threshold_(p.div_(own), 1.0, 0.0).sum(dim=1, keepdim=True) * own
    return ((above >= top_p) | too_low)[:, 0]


def _cut(p: Tensor, top_p: Tensor, min_p: Tensor) -> Tensor:
    """p [r, V] with zeros outside the nucleus and below min_p, by a sort of each row's values."""
    # numpy's sort is vectorised and sorts values alone; torch's sorts the indices with them.
    ordered = torch.from_numpy(np.sort(p.numpy(), axis=1)[:, ::-1].copy())
    last = torch.searchsorted(ordered.cumsum(dim=1), top_p).clamp_(max=p.shape[1] - 1)
    lowest = torch.maximum(ordered.gather(1, last), min_p * ordered[:, :1])
    return torch.where(p >= lowest, p, 0.0)


def _argmax(scores: Tensor) -> Tensor:
    """The first index of each row's maximum: [r, V] → int64 [r]; amax is vectorised, argmax not."""
    blocks = scores.view(len(scores), -1, BLOCK)
    block = blocks.amax(dim=2).argmax(dim=1)
    return block * BLOCK + blocks[torch.arange(len(blocks)), block].argmax(dim=1)
