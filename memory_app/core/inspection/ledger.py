"""What a memory is made of: of each turn what it wrote and is left of it.

c_T = Σ_j (Π of the forget gates after turn j) · (what turn j wrote) + (Π of all f) · c_0: the
recurrence c_t = f_t c_{t-1} + i_t g_t (Hochreiter & Schmidhuber 1997; Gers et al. 2000) written out
as a sum; of a matrix memory the same over the entries of C (Beck et al. 2024). Nothing of it is an
approximation, and nothing says what the memory is used for: see `sources`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from memory_app.core.cells.ledger import decayed
from memory_app.core.inspection.turn_writes import Change


@dataclass(frozen=True, slots=True)
class LayerLedger:
    """One layer's memory by turn.

    shares: of each turn Σ |what it wrote and is left| over the same sum of all turns and the start
    (0 where the memory is blank); start: the share of the state before the first turn. residual:
    the largest absolute difference between a cell and the sum of its contributions. rounding: a
    bound on the largest part of a cell that no token wrote, but float32's rounding did; it is in
    the contributions of the turns where it arose. history[k]: the shares after turn k, of the
    turns up to it.
    """

    shares: list[float]
    start: float
    residual: float
    rounding: float
    history: list[list[float]]

    @property
    def size(self) -> int:
        """Bytes, about."""
        return 32 * (len(self.shares) + sum(map(len, self.history)) + 3)


def layer_ledger(start: Tensor, changes: Iterable[Change], after: Tensor) -> LayerLedger:
    """The ledger of one layer from what each turn did, in order.

    start, after: the memory before the first and after the last turn, float64 [groups, …].
    Streams over the turns: memory grows with turns · groups. Accumulated in float64.
    """
    total = start
    sizes = [_size(start)]  # of each contribution, by group
    rounding = torch.zeros(len(start), dtype=torch.float64)
    history = []
    for change in changes:
        total = decayed(total, change.kept) + change.written
        rounding = rounding * change.kept + change.rounding
        sizes = [size * change.kept for size in sizes]
        sizes.append(_size(change.written))
        history.append(_shares(sizes)[1:])
    shares = _shares(sizes)
    return LayerLedger(
        shares[1:],
        shares[0],
        float((total - after).abs().max()),
        float(rounding.max()),
        history,
    )


def _size(entries: Tensor) -> Tensor:
    """Σ |entry| of each group."""
    return entries.abs() if entries.dim() == 1 else entries.abs().flatten(1).sum(1)


def _shares(sizes: list[Tensor]) -> list[float]:
    amounts = torch.stack(sizes).sum(dim=1)
    whole = float(amounts.sum())
    return (amounts / whole).tolist() if whole > 0 else [0.0] * len(sizes)
