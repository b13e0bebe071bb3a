"""Every gate of a stretch of tokens, recomputed from the state before it; never stored.

One nn.LSTM pass gives h of a layer's steps; given h_{t-1} all its pre-activations are two large
GEMMs, so nothing has to be stepped.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor
from torch.nn import functional

from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

TRACE_FORMAT_VERSION = "1"
GATES = ("i", "f", "g", "o", "c", "h")
# Layers of more tokens than this are computed one at a time, so that many turns opened at once take
# little more memory than one.
ALONE_FROM = 1024
_alone = threading.Semaphore(1)


@dataclass(frozen=True, slots=True)
class LayerTrace:
    """Gates and states of T tokens in one layer: i f g o c h each float32 [T, hidden].

    h0 and c0 [hidden] are the layer's state before the first token.
    """

    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    c: Tensor
    h: Tensor
    h0: Tensor
    c0: Tensor

    def __getitem__(self, gate: str) -> Tensor:
        """One of i f g o c h, by its name."""
        return getattr(self, gate)


@dataclass(frozen=True, slots=True)
class Trace:
    """Gates and states of T tokens: i f g o c h each float32 [T, layers, hidden].

    h0 and c0 [layers, hidden] are the state before the first token.
    """

    ids: list[int]
    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    c: Tensor
    h: Tensor
    h0: Tensor
    c0: Tensor

    def gate_means(self) -> list[list[list[float]]]:
        """For each token, for each layer, [mean i, mean f, mean o] over the units."""
        means = torch.stack((self.i, self.f, self.o), dim=-1).mean(dim=2)  # [T, layers, 3]
        return [[[round(x, 4) for x in layer] for layer in token] for token in means.tolist()]

    def to_safetensors(self, metadata: dict[str, str]) -> bytes:
        """trace.safetensors of contract section 4."""
        tensors = {name: getattr(self, name).contiguous() for name in (*GATES, "h0", "c0")}
        tensors["token_ids"] = torch.tensor(self.ids, dtype=torch.int64)
        return save_safetensors(tensors, {"format_version": TRACE_FORMAT_VERSION, **metadata})


def _weights(model: LanguageModel, layer: int) -> list[Tensor]:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return [getattr(model.lstm, f"{name}_l{layer}") for name in names]


@torch.inference_mode()
def layer_hidden(model: LanguageModel, state: State, x: Tensor, layer: int) -> Tensor:
    """h of one layer for its inputs x [T, in] from `state` (batch 1) → [T, hidden]."""
    before = (state.h[layer : layer + 1], state.c[layer : layer + 1])  # each [1, 1, hidden]
    weights = _weights(model, layer)
    return torch.lstm(x.unsqueeze(1), before, weights, True, 1, 0.0, False, False, False)[0][:, 0]


@torch.inference_mode()
def layer_trace(model: LanguageModel, state: State, x: Tensor, h: Tensor, layer: int) -> LayerTrace:
    """The gates of one layer from its inputs x [T, in] and its outputs h [T, hidden].

    i, f, o = σ(W x + b + U h_{t-1} + d), g = tanh(…), c_t = f c_{t-1} + i g, as torch.nn.LSTM.
    """
    w_ih, w_hh, b_ih, b_hh = _weights(model, layer)
    h0, c0 = state.h[layer, 0], state.c[layer, 0]
    before = torch.cat((h0.unsqueeze(0), h[:-1]))
    pre = functional.linear(x, w_ih, b_ih) + functional.linear(before, w_hh, b_hh)
    i, f, g, o = pre.chunk(4, dim=-1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    # c is the one recurrence left, elementwise.
    written = i * g
    cell, cells = c0, []
    for t in range(len(x)):
        cell = torch.addcmul(written[t], f[t], cell)
        cells.append(cell)
    return LayerTrace(i, f, g, o, torch.stack(cells), h, h0.clone(), c0.clone())


def trace(model: LanguageModel, state: State, ids: Sequence[int]) -> Trace:
    """The gates of `ids` (at least one) fed from `state` (batch 1), by torch.nn.LSTM's formula.

    Raises:
        ValueError: no ids, or a model of another cell.
    """
    return LayeredTrace(model, state, ids).whole()


class LayeredTrace:
    """The trace of one stretch of tokens, computed layer by layer as it is asked for.

    A layer needs the outputs of those below it but not their gates, so the topmost of three is
    there after three passes and one layer's GEMMs. Any thread may ask; each part is computed once.
    """

    def __init__(self, model: LanguageModel, state: State, ids: Sequence[int]) -> None:
        """`ids` (at least one) fed from `state` (batch 1); nothing is computed yet.

        Raises:
            ValueError: no ids, or a model of another cell.
        """
        if model.config.cell != "lstm":
            raise ValueError("Only the cell lstm can be traced.")
        if not ids:
            raise ValueError("A trace needs at least one token id.")
        self.model, self.state, self.ids = model, state, list(ids)
        self.num_layers = model.config.num_layers
        self._inputs: list[Tensor] = []  # of each layer; the last one's outputs at the end
        self._layers: list[LayerTrace | None] = [None] * self.num_layers
        #: What takes memory for all tokens is computed within it: one at a time if they are many.
        self.place = _alone if len(self.ids) > ALONE_FROM else contextlib.nullcontext()
        self._passing = threading.Lock()
        self._working = [threading.Lock() for _ in range(self.num_layers)]

    @property
    def size(self) -> int:
        """Bytes of the whole when all of it is computed."""
        return len(self.ids) * self.num_layers * self.model.config.hidden_size * 4 * len(GATES)

    def outputs(self, layer: int) -> Tensor:
        """h of a layer [T, hidden]; -1: the embedded tokens [T, embed]."""
        while len(self._inputs) <= layer + 1:
            with self._passing:
                done = len(self._inputs)
                if done == 0:
                    with torch.inference_mode():
                        self._inputs.append(self.model.embedding(torch.tensor(self.ids)))
                elif done <= layer + 1:
                    below = self._inputs[-1]
                    with self.place:
                        h = layer_hidden(self.model, self.state, below, done - 1)
                    self._inputs.append(h)
        return self._inputs[layer + 1]

    def layer(self, layer: int) -> LayerTrace:
        """All that one layer did."""
        x, h = self.outputs(layer - 1), self.outputs(layer)
        with self._working[layer]:
            found = self._layers[layer]
            if found is None:
                with self.place:
                    found = layer_trace(self.model, self.state, x, h, layer)
                self._layers[layer] = found
        return found

    def compute(self) -> list[LayerTrace]:
        """All of it, from the bottom up."""
        return [self.layer(number) for number in range(self.num_layers)]

    @torch.inference_mode()
    def gate_means(self) -> list[list[list[float]]]:
        """What `Trace.gate_means` gives, without putting the layers side by side."""
        means = torch.stack(
            [
                torch.stack([one[gate].mean(dim=1) for gate in "ifo"], dim=-1)  # [T, 3]
                for one in self.compute()
            ],
            dim=1,
        )
        return [[[round(x, 4) for x in layer] for layer in token] for token in means.tolist()]

    def whole(self) -> Trace:
        """Every layer, side by side."""
        layers = self.compute()
        values = {name: torch.stack([one[name] for one in layers], dim=1) for name in GATES}
        h0 = torch.stack([one.h0 for one in layers])
        c0 = torch.stack([one.c0 for one in layers])
        return Trace(ids=self.ids, h0=h0, c0=c0, **values)
