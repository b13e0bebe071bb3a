"""A cell prepared for batched decoding: rows of a pool advance in place, prompts are fed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

if TYPE_CHECKING:
    from memory_app.core.cells.base import Cell, Sizes
    from memory_app.core.cells.layers import Layers, Parts


class Pool(Protocol):
    """Rows 0 … capacity - 1, the state of one reply each, as the packed cell keeps it.

    States that are stored come from the canonical replay, never from here.
    """

    def load(self, row: int, parts: Parts) -> None:
        """Put a state of batch 1 into a row (a copy)."""
        ...

    def copy(self, source: Pool, source_row: int, row: int) -> None:
        """Copy a row of another pool (or of this one) of the same cell."""
        ...

    def read(self, row: int) -> Parts:
        """A row as a state of batch 1, as the pool rounded it."""
        ...


class PackedCell(Protocol):
    """One thread uses it."""

    #: The dtype of what `advance` and `feed` hand to the projection or the head.
    dtype: torch.dtype
    #: Multiplications of one token through all layers: what a slice of a prompt is measured in.
    multiplications: int

    def pool(self, capacity: int) -> Pool:
        """A pool of blank rows."""
        ...

    def feed(self, ids: Tensor, parts: Parts) -> Parts:
        """The state after a slice of n prompts: ids int64 [n, T], parts [n, *shape].

        Slices one after another, each from the state that the previous one left, give what the
        whole gives at once.
        """
        ...

    def advance(self, pool: Pool, ids: Tensor, gates: Tensor | None = None) -> Tensor:
        """Feed one token to each of the first n rows: ids int64 [n] → outputs [n, hidden].

        `gates`, when given, is a float32 [n, layers, strip gates] that takes the means over each
        layer's units.
        """
        ...


class SteppedPool:
    """Rows of a cell that decodes by its step: each part a tensor [capacity, *shape]."""

    def __init__(self, capacity: int, cell: Cell, sizes: Sizes) -> None:
        self.layers: Parts = tuple(
            {name: torch.zeros(capacity, *shape) for name, shape in parts.items()}
            for parts in cell.layer_parts(sizes)
        )

    def load(self, row: int, parts: Parts) -> None:
        for own, given in zip(self.layers, parts, strict=True):
            for name, tensor in own.items():
                tensor[row] = given[name][0]

    def copy(self, source: Pool, source_row: int, row: int) -> None:
        assert isinstance(source, SteppedPool)
        for own, other in zip(self.layers, source.layers, strict=True):
            for name, tensor in own.items():
                tensor[row] = other[name][source_row]

    def read(self, row: int) -> Parts:
        return tuple(
            {name: tensor[row : row + 1].clone() for name, tensor in own.items()}
            for own in self.layers
        )


class SteppedCell:
    """The packed form of any cell: its own step, in float32, on the rows of a pool."""

    def __init__(self, cell: Cell, layers: Layers, sizes: Sizes, embedding: Tensor) -> None:
        self.dtype = torch.float32
        self.multiplications = sum(parameter.numel() for parameter in layers.parameters())
        self._cell, self._layers, self._sizes = cell, layers, sizes
        self._embedding = embedding.detach().float()

    def pool(self, capacity: int) -> SteppedPool:
        return SteppedPool(capacity, self._cell, self._sizes)

    def feed(self, ids: Tensor, parts: Parts) -> Parts:
        _, after = self._layers(self._embedding[ids], parts)
        return after

    def advance(self, pool: Pool, ids: Tensor, gates: Tensor | None = None) -> Tensor:
        assert isinstance(pool, SteppedPool)
        n = len(ids)
        before = tuple({name: part[:n] for name, part in own.items()} for own in pool.layers)
        outputs, after, seen = self._layers.step(self._embedding[ids], before)
        for own, new in zip(pool.layers, after, strict=True):
            for name, part in own.items():
                part[:n] = new[name]
        if gates is not None:
            for layer, values in enumerate(seen):
                for place, name in enumerate(self._cell.strip_gates):
                    gates[:, layer, place] = values[name].mean(dim=1)
        return outputs
