"""Every gate of a stretch of tokens in one layer, recomputed from the state before it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

if TYPE_CHECKING:
    from memory_app.core.cells.base import Cell
    from memory_app.core.cells.held_layers import HeldLayer
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

    def together(
        self, layer: int, xs: Sequence[Tensor], befores: Sequence[LayerParts],
        names: Collection[str],
    ) -> list[tuple[Tensor, dict[str, Tensor]]]:  # fmt: skip
        """(outputs, gates) of several stretches, each from a state of its own.

        Equal to one after the other, but for rounding.
        """
        ...


def one_by_one(
    tracer: Tracer, layer: int, xs: Sequence[Tensor], befores: Sequence[LayerParts],
    names: Collection[str],
) -> list[tuple[Tensor, dict[str, Tensor]]]:  # fmt: skip
    """`Tracer.together` of a cell that has no faster form."""
    results = []
    for x, before in zip(xs, befores, strict=True):
        outputs, _ = tracer.outputs(layer, x, before)
        results.append((outputs, tracer.gates(layer, x, outputs, before, names)[0]))
    return results


class SteppedTracer:
    """The tracer of any cell, by its step: slow, and true by definition."""

    def __init__(self, cell: Cell, layers: Layers, held: Sequence[HeldLayer] | None = None) -> None:
        """`held`: of each layer the gates that are held."""
        self._cell, self._layers, self._held = cell, layers, held

    def _step(
        self, layer: int, x: Tensor, parts: LayerParts
    ) -> tuple[Tensor, LayerParts, dict[str, Tensor]]:
        if self._held is None:
            return self._layers.layer_step(layer, x, parts)
        return self._layers.held_layer_step(layer, x, parts, self._held[layer])

    def outputs(self, layer: int, x: Tensor, before: LayerParts) -> tuple[Tensor, LayerParts]:
        outputs, parts = [], before
        for token in x.unsqueeze(1):  # [1, in]
            h, parts, _ = self._step(layer, token, parts)
            outputs.append(h[0])
        return torch.stack(outputs), parts

    def gates(
        self, layer: int, x: Tensor, outputs: Tensor, before: LayerParts, names: Collection[str]
    ) -> tuple[dict[str, Tensor], LayerParts]:
        values: dict[str, list[Tensor]] = {name: [] for name in names}
        parts = before
        for token in x.unsqueeze(1):
            _, parts, seen = self._step(layer, token, parts)
            for name in names:
                values[name].append(seen[name][0])
        return {name: torch.stack(rows) for name, rows in values.items()}, parts

    def together(
        self, layer: int, xs: Sequence[Tensor], befores: Sequence[LayerParts],
        names: Collection[str],
    ) -> list[tuple[Tensor, dict[str, Tensor]]]:  # fmt: skip
        return one_by_one(self, layer, xs, befores, names)
