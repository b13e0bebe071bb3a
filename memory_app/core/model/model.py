"""An N-layer recurrent language model: forward over a sequence, step for one token.

Embedding [vocab, embed] → layers → (projection to embed, when the widths differ) → head [vocab],
tied to the embedding unless told not to be. A task may have a head of its own instead, from the
last layer to `outputs` numbers (`ModelConfig.outputs`), and frames of `inputs` numbers in place of
tokens: then `ids` are float32 [..., inputs], and the embedding is a linear map. Parameter
names are those of the checkpoint format.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from memory_app.core.cells import Cell
from memory_app.core.cells.layers import Gates, Layers
from memory_app.core.model.adapter import Adapter
from memory_app.core.model.attention import Attention
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.state import State


@dataclass(frozen=True, slots=True)
class Step:
    """One token of a batch: logits [B, vocab], the state after it, gates of each layer [B, H]."""

    logits: Tensor
    state: State
    gates: list[Gates]


class LanguageModel(nn.Module):
    """The model; `dropout` is that between layers and on the embedding while training.

    `embedding_dropout` is that on the embedding, where it differs.
    """

    def __init__(
        self, config: ModelConfig, dropout: float = 0.0, embedding_dropout: float | None = None
    ) -> None:
        super().__init__()
        self.config = config
        self.dropout = dropout
        self.embedding_dropout = dropout if embedding_dropout is None else embedding_dropout
        self.embedding: nn.Embedding | nn.Linear = (
            nn.Linear(config.inputs, config.embedding_dim)
            if config.inputs
            else nn.Embedding(config.vocab_size, config.embedding_dim)
        )
        # Under the cell's name, which is the prefix of its parameters in a checkpoint.
        self.add_module(config.cell, config.kind.build(config, dropout))
        if config.has_projection:
            self.projection = nn.Linear(config.output_size, config.embedding_dim, bias=False)
        self.attention = Attention(config) if config.attention else None
        outputs, width = config.head_shape
        self.head = nn.Linear(width, outputs)
        if config.tied:
            self.head.weight = self.embedding.weight
        if not config.inputs:
            nn.init.normal_(self.embedding.weight, std=0.05)
        nn.init.zeros_(self.head.bias)

    @property
    def cell(self) -> Cell:
        """What the layers are made of."""
        return self.config.kind

    @property
    def layers(self) -> Layers:
        """The recurrent part."""
        return getattr(self, self.config.cell)

    def hidden(self, ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Outputs of the last layer before the head.

        ids int64 [B, T] → ([B, T, hidden], the state after the last token).
        """
        state = state or self.blank(ids.shape[0])
        outputs, parts = self.layers(self._embedded(ids), state.layers)
        return outputs, State(parts)

    def hidden_at(self, ids: Tensor, state: State | None, at: Tensor) -> tuple[Tensor, State]:
        """`hidden` at the positions of `at`, bool [B, T], alone: ([n, hidden], the state)."""
        state = state or self.blank(ids.shape[0])
        outputs, parts = self.layers.forward_at(self._embedded(ids), state.layers, at)
        return outputs, State(parts)

    def _embedded(self, ids: Tensor) -> Tensor:
        return nn.functional.dropout(self.embedding(ids), self.embedding_dropout, self.training)

    def logits(
        self, outputs: Tensor, adapter: Adapter | None = None, addition: Tensor | None = None
    ) -> Tensor:
        """[…, hidden] → [..., vocab or outputs]: head · (projection · h) + bias.

        `addition` [..., embed]: what attention adds to what the head reads.
        """
        outputs = nn.functional.dropout(outputs, self.dropout, self.training)
        projected = self.projection(outputs) if self.config.has_projection else outputs
        if adapter is not None:
            projected = projected + adapter.change(outputs)
        if addition is not None:
            addition = nn.functional.dropout(addition, self.dropout, self.training)
            projected = projected + addition
        return self.head(projected)

    def forward(self, ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """ids int64 [B, T], state of B rows (blank if None) → ([B, T, vocab], state)."""
        outputs, state = self.hidden(ids, state)
        return self.logits(outputs), state

    def step(self, ids: Tensor, state: State) -> Step:
        """One token for each row, written out gate by gate: slow, and equal to `forward`.

        ids int64 [B], state of B rows. No dropout is applied.
        """
        x, parts, gates = self.layers.step(self.embedding(ids), state.layers)
        projected = self.projection(x) if self.config.has_projection else x
        return Step(self.head(projected), State(parts), gates)

    def blank(self, batch: int) -> State:
        """The blank state of `batch` rows, on the model's device."""
        return State.zeros(self.config, batch, self.embedding.weight.device)
