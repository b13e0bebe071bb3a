"""The xlstm as a module: torch.nn.LSTM's layers below, mLSTM blocks above."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from memory_app.core.cells.base import Sizes
from memory_app.core.cells.held_layers import HeldLayer
from memory_app.core.cells.layers import Gates, Layers, Parts
from memory_app.core.cells.lstm.layers import LSTMLayers
from memory_app.core.cells.xlstm.block import MatrixBlock
from memory_app.core.cells.xlstm.blocks import matrix_sizes
from memory_app.core.cells.xlstm.induction import begin_as_induction
from memory_app.core.cells.xlstm.matrix_memory import CHUNK
from memory_app.core.cells.xlstm.train_lstm import lstm_sequence


@dataclass(frozen=True)
class LowerSizes:
    """The sizes of the LSTM below."""

    embedding_dim: int
    hidden_size: int
    num_layers: int
    options: Mapping[str, Any] = field(default_factory=dict)


class XLSTMLayers(Layers):
    """`lstm` and `blocks`; a layer hands on [h, e, r] from the LSTM's top layer up (block.py)."""

    def __init__(self, sizes: Sizes, dropout: float) -> None:
        super().__init__()
        blocks = [block for block in matrix_sizes(sizes.options) if block is not None]
        self.lower = sizes.num_layers - len(blocks)
        self.chunk = CHUNK
        self.dropout = dropout
        self.lower_sizes = LowerSizes(sizes.embedding_dim, sizes.hidden_size, self.lower)
        self.lstm = LSTMLayers(self.lower_sizes, dropout)
        self.blocks = nn.ModuleList(
            MatrixBlock(
                block, sizes.hidden_size, sizes.embedding_dim, top=number == len(blocks) - 1
            )
            for number, block in enumerate(blocks)
        )

    def forward(self, x: Tensor, parts: Parts) -> tuple[Tensor, Parts]:
        return self._forward(x, parts, None)

    def forward_at(self, x: Tensor, parts: Parts, at: Tensor) -> tuple[Tensor, Parts]:
        return self._forward(x, parts, at)

    def _forward(self, x: Tensor, parts: Parts, at: Tensor | None) -> tuple[Tensor, Parts]:
        h, lower = self._lstm(x, parts[: self.lower])
        x = _streams(functional.dropout(h, self.dropout, self.training), x)
        upper = []
        for block, own in zip(self.blocks, parts[self.lower :], strict=True):
            x, own = block(x, own, self.chunk, at if block.top else None)
            upper.append(own)
        return x, (*lower, *upper)

    def _lstm(self, x: Tensor, parts: Parts) -> tuple[Tensor, Parts]:
        """The LSTM's layers; where they learn on a CPU, by the faster form for that."""
        if torch.is_grad_enabled() and any(
            part.requires_grad for own in parts for part in own.values()
        ):
            return self.lstm(x, parts)  # the gradient of the state itself is asked for
        weights = [self.lstm.gate_weights(layer) for layer in range(self.lower)]
        learns = torch.is_grad_enabled() and (
            x.requires_grad or any(w.requires_grad for own in weights for w in own)
        )
        if not learns:
            with torch.no_grad():  # with gradients on torch takes a slower way in bfloat16
                return self.lstm(x, parts)
        if x.device.type != "cpu":
            return self.lstm(x, parts)
        dtype = torch.float32
        if torch.is_autocast_enabled("cpu"):
            dtype = torch.get_autocast_dtype("cpu")
        after = []
        with torch.autocast("cpu", enabled=False):
            for layer, own in enumerate(parts):
                if layer:
                    x = functional.dropout(x, self.dropout, self.training)
                x, h, c = lstm_sequence(x, own["h"], own["c"], weights[layer], dtype)
                after.append({"h": h, "c": c})
        return x, tuple(after)

    def layer_step(
        self, layer: int, x: Tensor, parts: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor], Gates]:
        if layer >= self.lower:
            return self.block(layer).step(x, parts)
        below, e = self.below(layer, x)
        h, parts, gates = self.lstm.layer_step(layer, below, parts)
        return self.hand_on(layer, h, e), parts, gates

    def held_layer_step(
        self, layer: int, x: Tensor, parts: dict[str, Tensor], held: HeldLayer
    ) -> tuple[Tensor, dict[str, Tensor], Gates]:
        if layer >= self.lower:
            return self.block(layer).step(x, parts, held)
        below, e = self.below(layer, x)
        h, parts, gates = self.lstm.held_layer_step(layer, below, parts, held)
        return self.hand_on(layer, h, e), parts, gates

    def below(self, layer: int, x: Tensor) -> tuple[Tensor, Tensor]:
        """What an LSTM layer gets, as (its own input, the embedding): from one below it [h, e]."""
        embed = self.lstm.input_size
        return (x[..., :-embed], x[..., -embed:]) if layer else (x, x)

    def hand_on(self, layer: int, h: Tensor, e: Tensor) -> Tensor:
        """What an LSTM layer hands on: [h, e] to another, [h, e, r] to a block."""
        return _streams(h, e) if layer == self.lower - 1 else torch.cat((h, e), dim=-1)

    def block(self, layer: int) -> MatrixBlock:
        """The mLSTM block that is this layer."""
        return cast("MatrixBlock", self.blocks[layer - self.lower])

    def replay(self, x: Tensor, parts: Parts) -> Parts:
        """Token by token, so that a stretch gives the same bits however it is cut."""
        for t in range(x.shape[1]):
            _, parts, _ = self.step(x[:, t], parts)
        return parts

    def open_addresses(self, embedding: Tensor, frequencies: Tensor, *, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        begin_as_induction(self.block(self.lower), embedding, frequencies, generator)

    def upper_parameters(self) -> Iterator[nn.Parameter]:
        return self.blocks.parameters()

    def open_forget_gates(self, bias: float) -> None:
        """Of the LSTM below; the blocks' begin open."""
        self.lstm.open_forget_gates(bias)


def _streams(h: Tensor, e: Tensor) -> Tensor:
    """[h, e, r] with nothing in r yet."""
    return torch.cat((h.float(), e, torch.zeros_like(e)), dim=-1)
