"""A reply with gates held: decoded by itself, by the cell's step in float32.

The packed batch has no gates to hold. A held reply takes a few tokens of its prompt, or one of its
reply, at a time, so that those in the batch wait for no more than that.
"""

from __future__ import annotations

from collections.abc import Collection

import torch

from memory_app.core.cells.held_layers import held_layers
from memory_app.core.engine.request import Request
from memory_app.core.model.model import LanguageModel
from memory_app.core.sampling.batched import Sampler

#: Tokens of the prompt that are fed at once.
SLICE = 4


class HeldReply:
    """Where one such request stands. One thread uses it."""

    def __init__(
        self, model: LanguageModel, request: Request, *, end_id: int, banned: Collection[int]
    ) -> None:
        assert request.hold is not None
        self.request = request
        self._model = model
        self._held = held_layers(request.hold, model.cell, model.config)
        self._parts = request.state.layers
        self._next = request.prompt_ids[-1]  # after those before it
        self._adapter = request.adapter
        self._sampler = Sampler(1, end_id=end_id, banned=banned)
        self._sampler.put(0, request.sampling)

    def prefill(self) -> bool:
        """Feed some of the prompt before its last token; False where none was left."""
        request = self.request
        count = min(SLICE, request.prefill_left)
        for token_id in request.prompt_ids[request.fed : request.fed + count]:
            self._feed(token_id)
        request.fed += count
        return count > 0

    def decode(self) -> tuple[int, float, list[list[float]]]:
        """Feed the latest token and sample the next: (its id, its log-probability, the means of the
        strip gates of the token that was fed)."""
        outputs, means = self._feed(self._next)
        ids, logprobs = self._sampler.sample(self._model.logits(outputs, self._adapter), 1)
        self._next = int(ids[0])
        return self._next, float(logprobs[0]), means

    def _feed(self, token_id: int) -> tuple[torch.Tensor, list[list[float]]]:
        x = self._model.embedding(torch.tensor([token_id]))
        outputs, self._parts, gates = self._model.layers.step(x, self._parts, self._held)
        names = self._model.cell.strip_gates
        means = [[round(float(layer[name].mean()), 4) for name in names] for layer in gates]
        return outputs, means
