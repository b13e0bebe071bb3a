"""Every gate of a stretch of tokens in one layer, recomputed from the state before it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

if TYPE_CHECKING:
    from memory_app.core.cells.base import Cell
    from memory_app.core.cells.layers import Layers

#: One layer's state parts, each float32 [1, *shape].
LayerParts = dict[str, Tensor]


class Tracer(Protocol):
    """A stretch may be cut anywhere: each call takes up where the previous one's state ended."""

    def outputs(self, layer: int, x: Tensor, before: LayerParts) -> tuple[Tensor, LayerParts]:
        """x [T, in] → (what the layer hands on [T, hidden], its state parts after)."""
        ...

    def gates(
        self, layer: int, x: Tensor, outputs: Tensor, before: LayerParts, names: Collection[str]
    ) -> tuple[dict[str, Tensor], LayerParts]:
        """x [T, in] and the layer's outputs [T, hidden] → ({name: [T, units]}, parts after).

        At least the gates in `names`. The parts after suffice to go on with the next stretch for
        the same names.
        """
        ...


class SteppedTracer:
    """The tracer of any cell, by its step: slow, and true by definition."""

    def __init__(self, cell: Cell, layers: Layers) -> None:
        self._cell, self._layers = cell, layers

    def outputs(self, layer: int, x: Tensor, before: LayerParts) -> tuple[Tensor, LayerParts]:
        outputs, parts = [], before
        for token in x.unsqueeze(1):  # [1, in]
            h, parts, _ = self._layers.layer_step(layer, token, parts)
            outputs.append(h[0])
        return torch.stack(outputs), parts

    def gates(
        self, layer: int, x: Tensor, outputs: Tensor, before: LayerParts, names: Collection[str]
    ) -> tuple[dict[str, Tensor], LayerParts]:
        values: dict[str, list[Tensor]] = {name: [] for name in names}
        parts = before
        for token in x.unsqueeze(1):
            _, parts, seen = self._layers.layer_step(layer, token, parts)
            for name in names:
                values[name].append(seen[name][0])
        return {name: torch.stack(rows) for name, rows in values.items()}, parts
