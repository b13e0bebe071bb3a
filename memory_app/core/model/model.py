"""An N-layer recurrent language model: forward over a sequence, step for one token.

Embedding [vocab, embed] → layers → (projection to embed, when the widths differ) → head [vocab],
tied to the embedding unless told not to be. Parameter names are those of the checkpoint format.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from memory_app.core.cells.reference_cells import (
    ArticleLSTMLayer,
    Gates,
    SteppedLayers,
    TanhRNNLayer,
    lstm_step,
)
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.state import State


@dataclass(frozen=True, slots=True)
class Step:
    """One token of a batch: logits [B, vocab], the state after it, gates of each layer [B, H]."""

    logits: Tensor
    state: State
    gates: list[Gates]


class LanguageModel(nn.Module):
    """The model; `dropout` is that between layers and on the embedding while training."""

    def __init__(self, config: ModelConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.dropout = dropout
        self.embedding = nn.Embedding(config.vocab_size, config.embedding_dim)
        widths = [config.embedding_dim] + [config.hidden_size] * (config.num_layers - 1)
        if config.cell == "lstm":
            self.lstm = nn.LSTM(
                config.embedding_dim,
                config.hidden_size,
                config.num_layers,
                batch_first=True,
                dropout=dropout if config.num_layers > 1 else 0.0,
            )
        elif config.cell == "tanh_rnn":
            layers = [TanhRNNLayer(width, config.hidden_size) for width in widths]
            self.tanh_rnn = SteppedLayers(list(layers), dropout)
        else:
            article = [
                ArticleLSTMLayer(width, config.hidden_size, tanh_candidate=config.article_tanh)
                for width in widths
            ]
            self.article_lstm = SteppedLayers(list(article), dropout)
        if config.has_projection:
            self.projection = nn.Linear(config.hidden_size, config.embedding_dim, bias=False)
        self.head = nn.Linear(config.embedding_dim, config.vocab_size)
        if config.tied:
            self.head.weight = self.embedding.weight
        nn.init.normal_(self.embedding.weight, std=0.05)
        nn.init.zeros_(self.head.bias)

    @property
    def layers(self) -> nn.Module:
        """The recurrent part, whichever cell it is."""
        return getattr(self, self.config.cell)

    def hidden(self, ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Outputs of the last layer before the head.

        ids int64 [B, T] → ([B, T, hidden], the state after the last token).
        """
        state = state or self.blank(ids.shape[0])
        embedded = nn.functional.dropout(self.embedding(ids), self.dropout, self.training)
        outputs, (h, c) = self.layers(embedded, (state.h, state.c))
        return outputs, State(h, c)

    def logits(self, outputs: Tensor) -> Tensor:
        """[…, hidden] → [..., vocab]: head · (projection · h) + bias."""
        outputs = nn.functional.dropout(outputs, self.dropout, self.training)
        if self.config.has_projection:
            outputs = self.projection(outputs)
        return self.head(outputs)

    def forward(self, ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """ids int64 [B, T], state [layers, B, hidden] (zeros if None) → ([B, T, vocab], state)."""
        outputs, state = self.hidden(ids, state)
        return self.logits(outputs), state

    def step(self, ids: Tensor, state: State) -> Step:
        """One token for each row, written out gate by gate: slow, and equal to `forward`.

        ids int64 [B], state [layers, B, hidden]. No dropout is applied.
        """
        x = self.embedding(ids)
        h_next, c_next, gates = [], [], []
        for index in range(self.config.num_layers):
            h, c = state.h[index], state.c[index]
            if self.config.cell == "lstm":
                weights = (
                    getattr(self.lstm, f"{name}_l{index}")
                    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
                )
                h, c, seen = lstm_step(x, h, c, *weights)
            else:
                h, c, seen = self.layers.layers[index].step(x, h, c)  # type: ignore[union-attr,index]
            x = h
            h_next.append(h)
            c_next.append(c)
            gates.append(seen)
        projected = self.projection(x) if self.config.has_projection else x
        return Step(self.head(projected), State(torch.stack(h_next), torch.stack(c_next)), gates)

    def blank(self, batch: int) -> State:
        """The blank memory of `batch` rows, on the model's device."""
        shape = (self.config.num_layers, batch, self.config.hidden_size)
        weight = self.embedding.weight
        zeros = torch.zeros(shape, device=weight.device)
        return State(zeros, zeros.clone())
