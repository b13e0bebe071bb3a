"""The memory of the replies in flight: dense rows that a batched step works on in place."""

from __future__ import annotations

import torch
from torch import Tensor

from memory_app.core.model.state import State


class StatePool:
    """Rows 0 … capacity - 1, one reply's state each.

    `inputs[l]` [capacity, width_l + hidden] holds layer l's GEMM input: what comes from below in
    the first width_l columns, its own h in the rest, in the weights' dtype, since h is used in no
    other place. `cells[l]` [capacity, hidden] holds c in float32. The states that are stored come
    from the canonical replay, never from here.
    """

    def __init__(
        self, capacity: int, widths: list[int], hidden_size: int, dtype: torch.dtype
    ) -> None:
        self.capacity = capacity
        self.widths = widths
        self.inputs = [torch.zeros(capacity, width + hidden_size, dtype=dtype) for width in widths]
        self.cells = [torch.zeros(capacity, hidden_size) for _ in widths]

    def load(self, row: int, state: State) -> None:
        """Put a state of batch 1 into a row (a copy)."""
        for layer, width in enumerate(self.widths):
            self.inputs[layer][row, width:] = state.h[layer, 0]
            self.cells[layer][row] = state.c[layer, 0]

    def copy(self, source: StatePool, source_row: int, row: int) -> None:
        """Take over a row of another pool (or of this one) of the same shape."""
        for tensors, others in ((self.inputs, source.inputs), (self.cells, source.cells)):
            for tensor, other in zip(tensors, others, strict=True):
                tensor[row] = other[source_row]

    def read(self, row: int) -> State:
        """A row as a state of batch 1, h as the pool rounded it."""
        h = [self._h(layer)[row].float() for layer in range(len(self.widths))]
        c = [cells[row].clone() for cells in self.cells]
        return State(torch.stack(h).unsqueeze(1), torch.stack(c).unsqueeze(1))

    def _h(self, layer: int) -> Tensor:
        return self.inputs[layer][:, self.widths[layer] :]
