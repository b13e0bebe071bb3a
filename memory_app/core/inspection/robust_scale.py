"""The scale of a picture whose values have no bounds: one outlier must not make the rest blank."""

from __future__ import annotations

import math

import torch
from torch import Tensor

#: The share of the values that a picture's colours tell apart; those beyond are marked.
SHARE = 0.99
_ROWS = 64  # rows that are counted at once, in eight bytes a value


@torch.inference_mode()
def robust_scale(steps: Tensor, low: float, high: float, share: float = SHARE) -> float:
    """The smallest s such that |value| ≤ s for at least `share` of all values.

    `steps` uint16 [rows, columns] from `low` (0, or -high) to `high`, as in a `GateMap`; s is exact
    to half a step. By counting, so that no sorted copy of the values is needed.
    """
    size = 65_536
    counts = torch.zeros(size, dtype=torch.int64)
    for rows in steps.split(_ROWS):
        counts += torch.bincount(rows.flatten().to(torch.int64), minlength=size)
    at = torch.arange(size)
    signed = low < 0
    # The magnitude in the smallest units: half a step where 0 lies between two.
    magnitude = (2 * at - (size - 1)).abs() if signed else at
    sums = torch.zeros(size, dtype=torch.int64).index_add_(0, magnitude, counts).cumsum(0)
    wanted = math.ceil(share * steps.numel())
    smallest = int((sums < wanted).sum())
    return high * smallest / (size - 1)
