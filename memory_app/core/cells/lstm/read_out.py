"""How an LSTM layer's cell state reaches a number that is linear in its h."""

from __future__ import annotations

import torch
from torch import Tensor

from memory_app.core.cells.ledger import VectorReading


def cell_reading(o: Tensor, c: Tensor, direction: Tensor) -> VectorReading:
    """direction · h = Σ_u (direction_u · o_u · tanh(c_u) / c_u) · c_u, each [hidden].

    The quotient is the secant of tanh through 0, not its slope, so that the parts of c sum to h
    exactly, also where tanh is saturated.
    """
    c = c.double()
    secant = torch.where(c.abs() < 1e-9, torch.ones_like(c), c.tanh() / c)
    return VectorReading(direction.double() * o.double() * secant)
