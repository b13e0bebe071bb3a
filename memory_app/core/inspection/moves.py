"""How far a layer's memory moved at each token: all of it, and the part that lasts.

Most units forget within a few tokens, so they move about as far at every token; what is told of a
turn's content are the units that keep what is written to them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

#: Tokens: a unit with this timescale or more is slow.
SLOW = 10.0


@dataclass(frozen=True, slots=True)
class Moves:
    """`all` and `slow` float32 [T]; `slow_units` of `units` are slow.

    Without a keep gate, or where no unit is slow, `slow` is `all`, and every unit counts.
    """

    all: Tensor
    slow: Tensor
    slow_units: int
    units: int

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The two series by their names in a map's file."""
        return {"moves": self.all, "moves_slow": self.slow}


def memory_moves(moved: Tensor, timescale: Tensor | None) -> Moves:
    """`moved` [T, units]: the distance of each unit's memory from the token before.

    all_t = sqrt(Σ_u moved_{t,u}²) = ‖memory_t - memory_{t-1}‖; slow_t: the sum over the units with
    a timescale (tokens) of at least `SLOW`.
    """
    units = moved.shape[1]
    whole = moved.norm(dim=1)
    slow = torch.zeros(units, dtype=torch.bool) if timescale is None else timescale >= SLOW
    count = int(slow.sum())
    if not count:
        return Moves(whole, whole.clone(), units, units)
    return Moves(whole, moved[:, slow].norm(dim=1), count, units)
