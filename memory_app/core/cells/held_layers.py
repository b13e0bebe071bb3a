"""A hold as the layers apply it: masks and values by gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from memory_app.core.cells.base import Cell, Sizes
from memory_app.core.cells.hold import Hold


@dataclass(frozen=True, slots=True)
class HeldLayer:
    """Of one layer: for each frozen gate a mask and the values [width]."""

    frozen: Mapping[str, tuple[Tensor, Tensor]] = field(default_factory=dict)
    forget_bias: float = 0.0

    def __call__(self, gate: str, values: Tensor) -> Tensor:
        """A gate's values [..., width], held where they are frozen."""
        if gate not in self.frozen:
            return values
        mask, held = self.frozen[gate]
        return torch.where(mask, held, values)

    def logarithm(self, gate: str, log_values: Tensor) -> Tensor:
        """`__call__` for a gate of which the logarithm is given.

        A gate held at zero is 1e-30: a zero's logarithm would make the stabiliser NaN.
        """
        if gate not in self.frozen:
            return log_values
        mask, held = self.frozen[gate]
        return torch.where(mask, held.clamp_min(1e-30).log(), log_values)


def held_layers(hold: Hold, cell: Cell, sizes: Sizes) -> tuple[HeldLayer, ...]:
    """The hold of each layer."""
    layers = []
    for layer in range(sizes.num_layers):
        frozen: dict[str, tuple[Tensor, Tensor]] = {}
        for gate, own, unit, value in hold.freeze:
            if own != layer:
                continue
            width = cell.gate_width(sizes, layer, gate)
            mask, values = frozen.setdefault(
                gate, (torch.zeros(width, dtype=torch.bool), torch.zeros(width))
            )
            at = slice(None) if unit is None else unit
            mask[at], values[at] = True, value
        layers.append(HeldLayer(frozen, hold.forget_bias))
    return tuple(layers)
