"""What a stretch of tokens wrote into a memory, and what a later token reads of it.

A memory that is kept by a forget gate and written to by an input gate is a sum over tokens:
M_T = Σ_t (Π_{k>t} f_k) w_t + (Π f) M_0. For a vector memory M is c and w = i · g, per unit; for a
matrix memory M is C and w = i k vᵀ, per head. A *group* is what shares one forget gate: a unit, or
a head. A reading is a linear map from the memory to a number, with the gates of the token that
reads held fixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

#: An f that is 0 in float32 counts as the smallest number above it.
TINY = torch.finfo(torch.float32).tiny


class Reading(Protocol):
    """A linear map from one layer's memory to a number."""

    def of(self, entries: Tensor) -> float:
        """Its value for `entries`, float64 [groups, …]."""
        ...


class Writes(Protocol):
    """What each of T tokens wrote into one layer's memory, as left at the end of the stretch."""

    @property
    def kept(self) -> Tensor:
        """Π f over the stretch, float64 [groups]: the share of the memory before it that's left."""
        ...

    @property
    def tokens(self) -> int:
        """T."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    def total(self) -> Tensor:
        """All that the stretch wrote and is left at its end, float64 [groups, …]."""
        ...

    def read(self, reading: Reading, decay: Tensor) -> Tensor:
        """What the reading gets of each token, float64 [T], after a further `decay` [groups]."""
        ...


@dataclass(frozen=True, slots=True)
class VectorReading:
    """Σ_u weights_u · c_u; `weights` float64 [units]."""

    weights: Tensor

    def of(self, entries: Tensor) -> float:
        return float(self.weights @ entries)


@dataclass(frozen=True, slots=True)
class VectorWrites:
    """`left` float32 [T, units]: (Π_{k>t} f_k) i_t g_t; `kept` float64 [units]."""

    left: Tensor
    kept: Tensor

    @classmethod
    def of(cls, f: Tensor, written: Tensor) -> VectorWrites:
        """f and i · g, each float32 [T, units]; computed in float64."""
        reach, kept = reach_of(f)
        return cls((reach * written.double()).float(), kept)

    @property
    def tokens(self) -> int:
        return len(self.left)

    @property
    def size(self) -> int:
        return 4 * self.left.numel() + 8 * self.kept.numel()

    def total(self) -> Tensor:
        return self.left.sum(0, dtype=torch.float64)

    def read(self, reading: Reading, decay: Tensor) -> Tensor:
        assert isinstance(reading, VectorReading)
        weights = decay * reading.weights
        # In pieces, so that the float64 copy of a long stretch stays small.
        return torch.cat([part.double() @ weights for part in self.left.split(1024)])


@dataclass(frozen=True, slots=True)
class MatrixReading:
    """Σ_h q_hᵀ C_h g_h; `q` float64 [heads, key], `g` float64 [heads, value]."""

    q: Tensor
    g: Tensor

    def of(self, entries: Tensor) -> float:
        return float(torch.einsum("hk,hkv,hv->", self.q, entries, self.g))


@dataclass(frozen=True, slots=True)
class MatrixWrites:
    """`reach` float64 [T, heads]: (Π_{k>t} f_k) i_t; k float32 [T, heads, key], v float32
    [T, heads, value]; `kept` float64 [heads]."""

    reach: Tensor
    k: Tensor
    v: Tensor
    kept: Tensor

    @property
    def tokens(self) -> int:
        return len(self.reach)

    @property
    def size(self) -> int:
        return 8 * self.reach.numel() + 4 * (self.k.numel() + self.v.numel())

    def total(self) -> Tensor:
        reached = self.reach.unsqueeze(-1) * self.k.double()
        return torch.einsum("thk,thv->hkv", reached, self.v.double())

    def read(self, reading: Reading, decay: Tensor) -> Tensor:
        assert isinstance(reading, MatrixReading)
        found = torch.einsum("thk,hk->th", self.k.double(), reading.q)
        given = torch.einsum("thv,hv->th", self.v.double(), reading.g)
        return (self.reach * decay * found * given).sum(dim=1)


def reach_of(f: Tensor) -> tuple[Tensor, Tensor]:
    """(Π_{k>t} f_k for each t, float64 [T, groups]; Π f, float64 [groups]) of f [T, groups]."""
    total = f.double().clamp(min=TINY).log().cumsum(0)
    return (total[-1] - total).exp(), total[-1].exp()


def decayed(entries: Tensor, decay: Tensor) -> Tensor:
    """`entries` [groups, …] times `decay` [groups]."""
    return entries * decay.view(-1, *(1,) * (entries.dim() - 1))
