"""The adapters of the running rows: gathered once when a row joins, multiplied side by side."""

from __future__ import annotations

import torch
from torch import Tensor

from memory_app.core.model.adapter import Adapter

#: With one matrix a product may be summed in another order than with several: two at least, so
#: that a row's bits don't depend on whether another row has an adapter.
FEWEST = 2


class AdapterRows:
    """Slots 0 … n - 1 are in use, each the factors of one running row; other rows cost nothing."""

    def __init__(self, capacity: int, outputs: int, width: int, dtype: torch.dtype) -> None:
        self._capacity = max(capacity, FEWEST)
        self._outputs, self._width, self._dtype = outputs, width, dtype
        self._rows: list[int] = []  # of each slot in use
        self._at = torch.zeros(self._capacity, dtype=torch.int64)  # the same; 0 beyond
        # Transposed, [capacity, hidden, rank] and [capacity, rank, embed]: a row times a matrix
        # takes half the time of a matrix times a column.
        self._down = torch.zeros(0, outputs, 0, dtype=dtype)
        self._up = torch.zeros(0, 0, width, dtype=dtype)

    @property
    def in_use(self) -> int:
        """The number of rows that have one."""
        return len(self._rows)

    def put(self, row: int, adapter: Adapter | None) -> None:
        """Give a row its adapter, or none."""
        self.drop(row)
        if adapter is None:
            return
        if adapter.rank > self._up.shape[1]:
            self._widen(adapter.rank)
        slot = len(self._rows)
        up, down = adapter.factors
        self._down[slot, :, : adapter.rank] = down.T
        self._down[slot, :, adapter.rank :] = 0
        self._up[slot, : adapter.rank] = up.T
        self._up[slot, adapter.rank :] = 0
        self._rows.append(row)
        self._at[slot] = row

    def drop(self, row: int) -> None:
        """The row leaves; the last slot takes its place."""
        if row not in self._rows:
            return
        slot, last = self._rows.index(row), len(self._rows) - 1
        for tensor in (self._down, self._up, self._at):
            tensor[slot] = tensor[last]
        self._rows[slot] = self._rows[last]
        self._rows.pop()
        self._at[last] = 0

    def move(self, source: int, row: int) -> None:
        """The row `source` goes on as `row`, whose own has left."""
        self.drop(row)
        if source in self._rows:
            slot = self._rows.index(source)
            self._rows[slot] = row
            self._at[slot] = row

    def add(self, projected: Tensor, outputs: Tensor) -> None:
        """Add each row's change in place: projected [n, embed], outputs [n, hidden]."""
        count = len(self._rows)
        padded = max(count, FEWEST)
        x = outputs.index_select(0, self._at[:padded]).to(self._dtype).unsqueeze(1)
        change = torch.bmm(torch.bmm(x, self._down[:padded]), self._up[:padded]).squeeze(1)
        projected.index_add_(0, self._at[:count], change[:count].to(projected.dtype))

    def _widen(self, rank: int) -> None:
        down = torch.zeros(self._capacity, self._outputs, rank, dtype=self._dtype)
        up = torch.zeros(self._capacity, rank, self._width, dtype=self._dtype)
        kept = self._up.shape[1]
        if kept:
            down[:, :, :kept] = self._down
            up[:, :kept] = self._up
        self._down, self._up = down, up
