"""The gates of a very long turn, in chunks: memory is bounded by a chunk, not by the turn.

A turn of 16,000 tokens on 2 x 832 has 640 MB of gates. What is kept of it here is each layer's
outputs, once they were asked for; gates are computed again for each question, only those asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from memory_app.core.cells.hold import Hold
from memory_app.core.inspection.trace import tracer_of
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import configure_process
from memory_app.core.model.state import State

CHUNK = 512  # tokens
#: Turns of more tokens than this are traced in chunks.
LONG = 3072
# One at a time, so that several opened at once take no more memory than one. A pass never waits for
# who asks, so that who asks may wait for a pass.
_asking = threading.Semaphore(1)
_passing = threading.Semaphore(1)


class LongTrace:
    """The trace of `ids` fed from `state` (batch 1); any thread may ask."""

    def __init__(
        self, model: LanguageModel, state: State, ids: Sequence[Any], hold: Hold | None = None
    ) -> None:
        self.model, self.state, self.ids = model, state, list(ids)
        self.num_layers = model.config.num_layers
        self.tracer = tracer_of(model, hold)
        self._passes: list[_Pass] = []
        self._starting = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes that stay once every layer was asked for."""
        return len(self.ids) * 4 * sum(map(self.width, range(self.num_layers)))

    def width(self, layer: int) -> int:
        """Width of what a layer hands on."""
        return self.model.cell.layer_width(self.model.config, layer)

    def start(self, layer: int) -> _Pass:
        """Begin to compute a layer's outputs, and those below it, without waiting for them."""
        with self._starting:
            while len(self._passes) <= layer:
                below = self._passes[-1] if self._passes else None
                self._passes.append(_Pass(self, len(self._passes), below))
            return self._passes[layer]

    def outputs(self, layer: int) -> Tensor:
        """What a layer hands on, float32 [T, width]."""
        return self.start(layer).through(len(self.ids))

    def _inputs(self, layer: int, start: int) -> Tensor:
        """What a layer reads of one chunk [t, in]; the layers below have been passed."""
        if layer:
            return self._passes[layer - 1].through(len(self.ids))[start : start + CHUNK]
        return self.model.embedding(torch.tensor(self.ids[start : start + CHUNK]))

    def chunks(self, layer: int, gates: Collection[str]) -> Iterator[tuple[int, dict[str, Tensor]]]:
        """(first token, {gate: float32 [t, units]}) chunk by chunk."""
        with _asking:
            # The gates of a chunk are computed while the pass goes on with the next ones.
            outputs = self.start(layer)
            parts = self.state.layers[layer]
            for start in range(0, len(self.ids), CHUNK):
                stop = min(start + CHUNK, len(self.ids))
                h = outputs.through(stop)[start:stop]
                with torch.inference_mode():
                    x = self._inputs(layer, start)
                    values, parts = self.tracer.gates(layer, x, h, parts, gates)
                yield start, values


class _Pass:
    """One layer's outputs in the making, chunk by chunk, in a thread of its own."""

    def __init__(self, trace: LongTrace, layer: int, below: _Pass | None) -> None:
        self._trace, self._layer, self._below = trace, layer, below
        self._outputs = torch.empty(0)
        self._done = 0  # tokens
        self._fault: BaseException | None = None
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="long-trace", daemon=True).start()

    def through(self, token: int) -> Tensor:
        """The outputs [T, hidden], once those of the first `token` tokens are there."""
        with self._changed:
            self._changed.wait_for(lambda: self._done >= token or self._fault is not None)
        if self._done < token and self._fault is not None:
            raise RuntimeError("A layer of a long turn could not be computed.") from self._fault
        return self._outputs

    def _run(self) -> None:
        configure_process()
        try:
            if self._below is not None:
                self._below.through(len(self._trace.ids))
            with _passing:
                self._compute()
        except BaseException as fault:
            with self._changed:
                self._fault = fault
                self._changed.notify_all()

    @torch.inference_mode()
    def _compute(self) -> None:
        trace, layer, tokens = self._trace, self._layer, len(self._trace.ids)
        parts = trace.state.layers[layer]
        self._outputs = torch.empty(tokens, trace.width(layer))
        for start in range(0, tokens, CHUNK):
            x = trace._inputs(layer, start)
            outputs, parts = trace.tracer.outputs(layer, x, parts)
            self._outputs[start : start + CHUNK] = outputs
            with self._changed:
                self._done = min(start + CHUNK, tokens)
                self._changed.notify_all()
