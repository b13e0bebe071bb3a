"""Two states of one model beside each other: how far apart they are, and in which units."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from memory_app.core.inspection.timeline import memories
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.state import State


@dataclass(frozen=True, slots=True)
class LayerDifference:
    """One layer: `distance` = ‖other - own‖, the norms of both, and the units that differ most.

    `units`: (unit, own value, other value, distance), the largest distance first. A vector memory
    has a unit's value itself; of a matrix memory it is the norm of a head's C, and the distance
    that of the two matrices.
    """

    distance: float
    own: float
    other: float
    units: list[tuple[int, float, float, float]]


@torch.inference_mode()
def state_difference(
    config: ModelConfig, own: State, other: State, most: int = 8
) -> list[LayerDifference]:
    """The layers of two states (batch 1); at most `most` units of each."""
    layers = []
    for layer in range(config.num_layers):
        pair = memories(config, layer, [own, other])
        units = config.kind.unit_count(config, layer)
        apart = (pair[1] - pair[0]).view(units, -1).norm(dim=1)
        rows = pair.view(2, units, -1)
        values = rows[..., 0] if rows.shape[-1] == 1 else rows.norm(dim=-1)
        order = torch.argsort(apart, descending=True, stable=True)[:most].tolist()
        layers.append(
            LayerDifference(
                float(apart.norm()),
                float(pair[0].norm()),
                float(pair[1].norm()),
                [
                    (unit, float(values[0, unit]), float(values[1, unit]), float(apart[unit]))
                    for unit in order
                ],
            )
        )
    return layers
