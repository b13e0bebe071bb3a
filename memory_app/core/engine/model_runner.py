"""One checkpoint made ready for batched steps: its packed cell, and the way to logits."""

from __future__ import annotations

import torch
from torch import Tensor

from memory_app.core.cells.packed import Pool
from memory_app.core.cells.packed_linear import PackedLinear, fastest_dtype
from memory_app.core.engine.adapter_rows import AdapterRows
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

# Multiplications that a prompt may take between two decode steps: about 3 ms of one core, so that
# the longest prompt no more than doubles the time between a running reply's tokens. Half as many
# cost a third more of all prompts.
SLICE_MULTIPLICATIONS = {torch.bfloat16: 80_000_000, torch.float32: 55_000_000}
SHORTEST_SLICE = 4


class ModelRunner:
    """Steps the rows of a pool, in place, and feeds prompts. One thread uses it."""

    def __init__(self, model: LanguageModel, dtype: torch.dtype | None = None) -> None:
        config = model.config
        if not config.kind.serves_chats:
            raise ValueError(f"The cell {config.cell} is for study; no chat runs on it.")
        self.config = config
        self.model = model  # in float32: replies with held gates are decoded by its step
        dtype = dtype or fastest_dtype()
        with torch.inference_mode():
            self._cell = config.kind.pack(model.layers, config, model.embedding.weight, dtype)
            self.dtype = self._cell.dtype
            self._projection = (
                PackedLinear(model.projection.weight, self.dtype) if config.has_projection else None
            )
            self._head = PackedLinear(model.head.weight, self.dtype)
            self._head_bias = model.head.bias.detach().float().clone()
        most = SLICE_MULTIPLICATIONS.get(self.dtype, SLICE_MULTIPLICATIONS[torch.float32])
        self.slice_length = max(SHORTEST_SLICE, most // self._cell.multiplications)

    def pool(self, capacity: int) -> Pool:
        """A pool of blank rows for this model."""
        return self._cell.pool(capacity)

    def feed(self, ids: Tensor, state: State) -> State:
        """The state after a slice of n prompts: ids int64 [n, T], state of n rows.

        Slices one after another, each from the state that the previous one left, give what the
        whole gives at once.
        """
        return State(self._cell.feed(ids, state.layers))

    def advance(self, pool: Pool, ids: Tensor, gates: Tensor | None = None) -> Tensor:
        """Feed one token to each of the first n rows: ids int64 [n] → outputs [n, hidden].

        `gates`, when given, is a float32 [n, layers, strip gates] that takes the means over each
        layer's units.
        """
        return self._cell.advance(pool, ids, gates)

    def adapter_rows(self, capacity: int) -> AdapterRows:
        """Room for the adapters of as many rows."""
        config = self.config
        return AdapterRows(capacity, config.output_size, config.embedding_dim, self.dtype)

    def logits(self, outputs: Tensor, adapters: AdapterRows | None = None) -> Tensor:
        """Outputs of the last layer [n, hidden] → float32 [n, vocab]."""
        projected = outputs if self._projection is None else self._projection(outputs)
        if adapters is not None and adapters.in_use:
            if projected is outputs:
                projected = outputs.clone()
            adapters.add(projected, outputs)
        logits = self._head(projected).float()
        logits += self._head_bias
        return logits
