"""A chat's memory after each of its turns: norms, distances, and its path in a plane.

Of each layer only what remembers is compared (`Cell.memory_entries`): c, or the matrices C at their
true scale, all numbers of a layer as one vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from memory_app.core.model.config import ModelConfig
from memory_app.core.model.state import State


@dataclass(frozen=True, slots=True)
class LayerTimeline:
    """One layer over n states, the blank one first.

    `norms` [n]: ‖m_k‖, which is the distance to the blank memory, all zeros. `moved` [n]: the
    distance to the state before, 0 for the first. `distances` float64 [n, n]. `path` float64
    [n, 2], and the shares of the variance that its two axes hold.
    """

    norms: list[float]
    moved: list[float]
    distances: Tensor
    path: Tensor
    explained: tuple[float, float]


def memories(config: ModelConfig, layer: int, states: Sequence[State]) -> Tensor:
    """What one layer remembers in each state (batch 1), float64 [states, entries]."""
    rows = []
    for state in states:
        parts = {name: part[0] for name, part in state.layers[layer].items()}
        rows.append(config.kind.memory_entries(config, layer, parts).double().flatten())
    return torch.stack(rows)


@torch.inference_mode()
def timeline(
    config: ModelConfig, states: Sequence[State], before: Sequence[State | None]
) -> list[LayerTimeline]:
    """The layers over `states`, of which the first is the blank one.

    `before`: for each the state that it followed, if that is not the one before it in `states`;
    so that `moved` is right where turns are left out.
    """
    layers = []
    for layer in range(config.num_layers):
        points = memories(config, layer, states)
        distances = _distances(points)
        steps = [0.0, *distances.diagonal(-1).tolist()]
        for place, state in enumerate(before):
            if state is not None:
                own = memories(config, layer, [state])[0]
                steps[place] = float((points[place] - own).norm())
        path, explained = principal_path(points)
        layers.append(LayerTimeline(points.norm(dim=1).tolist(), steps, distances, path, explained))
    return layers


def _distances(points: Tensor) -> Tensor:
    """Euclidean, [n, n]; by differences, since |a|² + |b|² - 2 a·b cancels where two are near."""
    return torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")


def principal_path(points: Tensor) -> tuple[Tensor, tuple[float, float]]:
    """The first two principal components of points float64 [n, d], [n, 2] (Pearson 1901).

    With their shares of the variance. By an exact SVD of the centred points. The sign of an axis is
    free: here the first point, or if it is 0 the first that isn't, has a negative coordinate.
    """
    centred = points - points.mean(dim=0)
    u, s, _ = torch.linalg.svd(centred, full_matrices=False)
    path = torch.zeros(len(points), 2, dtype=torch.float64)
    count = min(2, len(s))
    path[:, :count] = u[:, :count] * s[:count]
    total = float(s.square().sum())
    tiny = 1e-9 * float(s.max()) if len(s) else 0.0
    shares = [0.0, 0.0]
    for axis in range(count):
        coordinates = path[:, axis]
        if s[axis] <= tiny or total == 0.0:
            coordinates.zero_()
            continue
        shares[axis] = float(s[axis] ** 2) / total
        first = coordinates[coordinates.abs() > tiny][0]
        if first > 0:
            coordinates.neg_()
    return path, (shares[0], shares[1])
