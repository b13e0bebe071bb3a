"""Every gate of a stretch of tokens, recomputed from the state before it; never stored.

What a layer's gates are, and how they are computed without stepping, knows the cell's tracer.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor

from memory_app.core.cells import Gate
from memory_app.core.cells.held_layers import held_layers
from memory_app.core.cells.hold import Hold
from memory_app.core.cells.tracer import SteppedTracer, Tracer
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

TRACE_FORMAT_VERSION = "1"
# Layers of more tokens than this are computed one at a time, so that many turns opened at once take
# little more memory than one.
ALONE_FROM = 1024
_alone = threading.Semaphore(1)


@dataclass(frozen=True, slots=True)
class LayerTrace:
    """Gates of T tokens in one layer, each float32 [T, units], and the state before the first.

    `before` holds the layer's parts, each [*shape].
    """

    config: ModelConfig
    number: int
    gates: dict[str, Tensor]
    before: dict[str, Tensor]

    def __getitem__(self, gate: str) -> Tensor:
        """One of the layer's gates, by its name."""
        return self.gates[gate]

    @property
    def kinds(self) -> dict[str, Gate]:
        """What each of the gates is, by its name."""
        return self.config.layer_gates(self.number)


@dataclass(frozen=True, slots=True)
class Trace:
    """The traces of all layers for the tokens `ids`."""

    ids: list[int]
    layers: list[LayerTrace]

    def __getitem__(self, gate: str) -> Tensor:
        """One gate of all layers [T, layers, units], where these are equally wide."""
        return torch.stack([layer[gate] for layer in self.layers], dim=1)

    def before(self, part: str) -> Tensor:
        """One part of the state before the first token [layers, *shape]."""
        return torch.stack([layer.before[part] for layer in self.layers])

    def tensors(self) -> dict[str, Tensor]:
        """Gates and the state before (`c0`) by their name in a file, and `token_ids`."""
        cell = self.layers[0].config.kind
        tensors: dict[str, Tensor] = {}
        if cell.stacked:
            tensors |= {name: self[name] for name in cell.gate_names}
            tensors |= {f"{part}0": self.before(part) for part in cell.state_parts}
        else:
            for number, layer in enumerate(self.layers):
                tensors |= {f"{name}.{number}": value for name, value in layer.gates.items()}
                tensors |= {f"{part}0.{number}": value for part, value in layer.before.items()}
        tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
        tensors["token_ids"] = torch.tensor(self.ids, dtype=torch.int64)
        return tensors

    def to_safetensors(self, metadata: dict[str, str]) -> bytes:
        """trace.safetensors of contract section 4."""
        return save_safetensors(
            self.tensors(), {"format_version": TRACE_FORMAT_VERSION, **metadata}
        )


def mean_gates(layers: Sequence[dict[str, Tensor]], names: Sequence[str]) -> list[Any]:
    """For each token, for each layer, the means of the gates `names` over the units."""
    means = torch.stack(
        [torch.stack([one[name].mean(dim=1) for name in names], dim=-1) for one in layers], dim=1
    )  # [T, layers, names]
    return [[[round(x, 4) for x in layer] for layer in token] for token in means.tolist()]


def trace(model: LanguageModel, state: State, ids: Sequence[int]) -> Trace:
    """The gates of `ids` (at least one) fed from `state` (batch 1).

    Raises:
        ValueError: no ids.
    """
    return LayeredTrace(model, state, ids).whole()


def tracer_of(model: LanguageModel, hold: Hold | None) -> Tracer:
    """The cell's tracer; with gates held, its step."""
    if hold is None:
        return model.cell.tracer(model.layers)
    held = held_layers(hold, model.cell, model.config)
    return SteppedTracer(model.cell, model.layers, held)


class LayeredTrace:
    """The trace of one stretch of tokens, computed layer by layer as it is asked for.

    A layer needs the outputs of those below it but not their gates, so the topmost of three is
    there after three passes and one layer's GEMMs. Any thread may ask; each part is computed once.
    """

    def __init__(
        self, model: LanguageModel, state: State, ids: Sequence[Any], hold: Hold | None = None
    ) -> None:
        """`ids` (at least one) fed from `state` (batch 1); nothing is computed yet.

        `hold`: the gates that were held meanwhile.

        Raises:
            ValueError: no ids.
        """
        if not ids:
            raise ValueError("A trace needs at least one token id.")
        self.model, self.state, self.ids = model, state, list(ids)
        self.num_layers = model.config.num_layers
        self.tracer = tracer_of(model, hold)
        self._inputs: list[Tensor] = []  # of each layer; the last one's outputs at the end
        self._layers: list[LayerTrace | None] = [None] * self.num_layers
        #: What takes memory for all tokens is computed within it: one at a time if they are many.
        self.place = _alone if len(self.ids) > ALONE_FROM else contextlib.nullcontext()
        self._passing = threading.Lock()
        self._working = [threading.Lock() for _ in range(self.num_layers)]

    @property
    def size(self) -> int:
        """Bytes of the whole when all of it is computed."""
        config = self.model.config
        widths = [config.trace_width(layer) for layer in range(self.num_layers)]
        return len(self.ids) * 4 * sum(widths)

    def outputs(self, layer: int) -> Tensor:
        """What a layer hands on [T, width]; -1: the embedded tokens [T, embed]."""
        while len(self._inputs) <= layer + 1:
            with self._passing:
                done = len(self._inputs)
                if done == 0:
                    with torch.inference_mode():
                        self._inputs.append(self.model.embedding(torch.tensor(self.ids)))
                elif done <= layer + 1:
                    below = self._inputs[-1]
                    before = self.state.layers[done - 1]
                    with self.place, torch.inference_mode():
                        h, _ = self.tracer.outputs(done - 1, below, before)
                    self._inputs.append(h)
        return self._inputs[layer + 1]

    def layer(self, layer: int) -> LayerTrace:
        """All that one layer did."""
        x, h = self.outputs(layer - 1), self.outputs(layer)
        with self._working[layer]:
            found = self._layers[layer]
            if found is None:
                config, parts = self.model.config, self.state.layers[layer]
                names = config.layer_gates(layer)
                with self.place, torch.inference_mode():
                    gates, _ = self.tracer.gates(layer, x, h, parts, names)
                before = {name: part[0].clone() for name, part in parts.items()}
                gates = {name: gates[name] for name in names}
                found = LayerTrace(config, layer, gates, before)
                self._layers[layer] = found
        return found

    def compute(self) -> list[LayerTrace]:
        """All of it, from the bottom up."""
        return [self.layer(number) for number in range(self.num_layers)]

    @torch.inference_mode()
    def gate_means(self) -> list[Any]:
        """For each token, for each layer, the means of the cell's strip gates."""
        layers = [layer.gates for layer in self.compute()]
        return mean_gates(layers, self.model.cell.strip_gates)

    def whole(self) -> Trace:
        """Every layer."""
        return Trace(self.ids, self.compute())
