"""A cell's layers as a torch module: over a sequence, and for one token of a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from memory_app.core.cells.held_layers import HeldLayer

#: Of each layer its state parts, each float32 [batch, *shape].
Parts = tuple[dict[str, Tensor], ...]
#: Of one layer and one token, each gate [batch, units].
Gates = dict[str, Tensor]


class Layers(nn.Module):
    """The recurrent part of a model. A subclass defines `forward` and `layer_step`.

    What raises NotImplementedError below those two belongs to some cells only; each says which.
    """

    def forward(self, x: Tensor, parts: Parts) -> tuple[Tensor, Parts]:
        """x [B, T, embed] from a state → (outputs of the last layer [B, T, hidden], state)."""
        raise NotImplementedError

    def forward_at(self, x: Tensor, parts: Parts, at: Tensor) -> tuple[Tensor, Parts]:
        """`forward` whose outputs are needed at some positions alone.

        `at` bool [B, T] → (outputs [n, hidden], row by row, state after all T tokens).
        """
        outputs, after = self(x, parts)
        return outputs[at], after

    def replay(self, x: Tensor, parts: Parts) -> Parts:
        """The state after a stretch, x [1, T, embed]: the computation that stored states come from.

        The same bits wherever a stretch is cut in two.
        """
        return self(x, parts)[1]

    def step(
        self, x: Tensor, parts: Parts, held: Sequence[HeldLayer] | None = None
    ) -> tuple[Tensor, Parts, list[Gates]]:
        """One token a row, every gate visible; no dropout. Equal to `forward` over one token.

        x [B, embed] → (outputs of the last layer [B, hidden], state, the gates of each layer).
        `held`: the gates of each layer that are held.
        """
        after, gates = [], []
        for index, own in enumerate(parts):
            if held is None:
                x, own, values = self.layer_step(index, x, own)
            else:
                x, own, values = self.held_layer_step(index, x, own, held[index])
            after.append(own)
            gates.append(values)
        return x, tuple(after), gates

    def layer_step(
        self, layer: int, x: Tensor, parts: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor], Gates]:
        """One token a row through one layer: x [B, in] → (its outputs, its parts, its gates)."""
        raise NotImplementedError

    def held_layer_step(
        self, layer: int, x: Tensor, parts: dict[str, Tensor], held: HeldLayer
    ) -> tuple[Tensor, dict[str, Tensor], Gates]:
        """`layer_step` with gates held. Only where `Cell.held_gates` names some."""
        raise NotImplementedError

    def held_replay(self, x: Tensor, parts: Parts, held: Sequence[HeldLayer]) -> Parts:
        """The state after a stretch, x [1, T, embed], with gates held: token by token, so that the
        bits are the same wherever a stretch is cut in two."""
        for t in range(x.shape[1]):
            _, parts, _ = self.step(x[:, t], parts, held)
        return parts

    def forward_regularised(
        self, x: Tensor, parts: Parts, *, weight_drop: float, drop: Callable[[Tensor], Tensor],
        drop_last: bool,
    ) -> tuple[Tensor, Parts]:  # fmt: skip
        """`forward` with DropConnect on the recurrent weights and `drop` between the layers.

        `drop_last`: the last layer's outputs are dropped too. Only where `Cell.has_gate_weights`.
        """
        raise NotImplementedError

    def gate_weights(self, layer: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(w_ih [4H, in], w_hh [4H, H], b_ih [4H], b_hh [4H]) of a layer, gates i, f, g, o.

        The parameters themselves. Only where `Cell.has_gate_weights`.
        """
        raise NotImplementedError

    def open_addresses(self, embedding: Tensor, frequencies: Tensor, *, seed: int) -> None:
        """Begin a matrix memory so that what followed the same words before is read.

        embedding [vocab, embed], frequencies [vocab] > 0: how often each token comes. Only where
        `Cell.has_addresses`.
        """
        raise NotImplementedError

    def upper_parameters(self) -> Iterator[nn.Parameter]:
        """Those of the layers above what a checkpoint of another cell can fill; unless a cell has
        such layers, all."""
        return self.parameters()

    def open_forget_gates(self, bias: float) -> None:
        """Add to the bias of every forget gate, so that memory is the default; else nothing."""


class SteppedLayers(Layers):
    """Layers that only know how to step, run over sequences token by token.

    Each layer is a module with `step(x [B, in], parts) → (outputs, parts, gates)`.
    """

    def __init__(self, layers: Sequence[nn.Module], dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.dropout = dropout

    def layer_step(
        self, layer: int, x: Tensor, parts: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor], Gates]:
        stepped: Any = self.layers[layer]
        return stepped.step(x, parts)

    def forward(self, x: Tensor, parts: Parts) -> tuple[Tensor, Parts]:
        after = []
        for index, own in enumerate(parts):
            outputs = []
            for t in range(x.shape[1]):
                h, own, _ = self.layer_step(index, x[:, t], own)
                outputs.append(h)
            x = torch.stack(outputs, dim=1)
            if index + 1 < len(parts):
                x = nn.functional.dropout(x, self.dropout, self.training)
            after.append(own)
        return x, tuple(after)
