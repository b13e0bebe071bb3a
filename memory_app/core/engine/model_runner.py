"""One checkpoint made ready for batched steps: fused, packed weights and the step over them."""

from __future__ import annotations

import torch
from torch import Tensor

from memory_app.core.engine.packed_linear import PackedLinear, fastest_dtype
from memory_app.core.engine.packed_lstm import PackedLSTM
from memory_app.core.engine.state_pool import StatePool
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

# The first layer's input is one of V embeddings, so its whole share of the pre-activations can
# be looked up instead of multiplied; beyond this size the table costs more memory than it saves.
MAX_TABLE_BYTES = 64 << 20
# Multiplications that a prompt may take between two decode steps: about 4 ms of one core, so that
# the longest prompt delays a running reply's token by no more than that.
SLICE_MULTIPLICATIONS = {torch.bfloat16: 160_000_000, torch.float32: 110_000_000}
SHORTEST_SLICE = 4


class ModelRunner:
    """Steps the rows of a `StatePool`, in place, and feeds prompts. One thread uses it.

    A layer of a step is one GEMM of [x, h] with [W_ih, W_hh] in `dtype`, then the cell in float32.
    Rows of the weights are reordered to i, f, o, g, and g's are doubled (exact in any binary
    float), so that one sigmoid serves all four gates by tanh(x) = 2 σ(2x) - 1: torch's tanh takes
    seven times as long as its sigmoid.
    """

    def __init__(self, model: LanguageModel, dtype: torch.dtype | None = None) -> None:
        config = model.config
        if config.cell != "lstm":
            raise ValueError("Only a checkpoint of the cell lstm can be chatted with.")
        self.config = config
        self.dtype = dtype or fastest_dtype()
        hidden = config.hidden_size
        table_bytes = config.vocab_size * 4 * hidden * 4
        self._linears: list[PackedLinear] = []
        self._biases: list[Tensor] = []
        self._widths: list[int] = []
        self._sequences: list[PackedLSTM] = []
        self._table: Tensor | None = None  # float32 [vocab, 4 · hidden], the bias included
        with torch.inference_mode():
            for layer in range(config.num_layers):
                weights = [
                    getattr(model.lstm, f"{name}_l{layer}").detach().float()
                    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
                ]
                self._sequences.append(PackedLSTM(weights, self.dtype))
                w_ih, w_hh, b_ih, b_hh = (_reordered(weight, hidden) for weight in weights)
                bias = b_ih + b_hh
                if layer == 0 and table_bytes <= MAX_TABLE_BYTES:
                    self._table = model.embedding.weight.detach().float() @ w_ih.T + bias
                    w_ih = w_ih[:, :0]
                self._widths.append(w_ih.shape[1])
                self._linears.append(PackedLinear(torch.cat((w_ih, w_hh), dim=1), self.dtype))
                self._biases.append(bias)
            self._embedding = model.embedding.weight.detach().to(self.dtype)
            self._projection = (
                PackedLinear(model.projection.weight, self.dtype) if config.has_projection else None
            )
            self._head = PackedLinear(model.head.weight, self.dtype)
            self._head_bias = model.head.bias.detach().float().clone()
        # Of one token in all layers.
        multiplications = sum(
            4 * hidden * (hidden + (hidden if layer else config.embedding_dim))
            for layer in range(config.num_layers)
        )
        most = SLICE_MULTIPLICATIONS.get(self.dtype, SLICE_MULTIPLICATIONS[torch.float32])
        self.slice_length = max(SHORTEST_SLICE, most // multiplications)

    def pool(self, capacity: int) -> StatePool:
        """A pool of blank rows for this model."""
        return StatePool(capacity, self._widths, self.config.hidden_size, self.dtype)

    def feed(self, ids: Tensor, state: State) -> State:
        """The state after a slice of n prompts: ids int64 [n, T], state [layers, n, hidden].

        One call a layer for all T tokens. Slices one after another, each from the state that the
        one before left, give what the whole gives at once.
        """
        x = self._embedding[ids.T.contiguous()]  # [T, n, embed]
        h, c = [], []
        for layer, sequence in enumerate(self._sequences):
            x, h_after, c_after = sequence(x, state.h[layer], state.c[layer])
            h.append(h_after)
            c.append(c_after)
        return State(torch.stack(h), torch.stack(c))

    def advance(self, pool: StatePool, ids: Tensor, gates: Tensor | None = None) -> Tensor:
        """Feed one token to each of the first n rows: ids int64 [n] → h of the top [n, hidden].

        `gates`, when given, is a float32 [n, layers, 3] that takes the means of i, f and o over
        each layer's units.
        """
        n, hidden = len(ids), self.config.hidden_size
        if self._table is None:
            pool.inputs[0][:n, : self._widths[0]] = self._embedding[ids]
        top = len(self._linears) - 1
        for layer, linear in enumerate(self._linears):
            inputs = pool.inputs[layer][:n]
            pre = linear(inputs).float()
            if layer == 0 and self._table is not None:
                pre += self._table.index_select(0, ids)
            else:
                pre += self._biases[layer]
            i, f, o, g = pre.sigmoid_().view(n, 4, hidden).unbind(1)  # each [n, hidden]
            if gates is not None:
                torch.mean(pre.view(n, 4, hidden)[:, :3], dim=2, out=gates[:, layer])
            # c' = f c + i tanh(·) with tanh(·) = 2 g - 1.
            c = pool.cells[layer][:n]
            c.mul_(f).addcmul_(i, g, value=2.0).sub_(i)
            h = torch.mul(c, 2.0).sigmoid_().mul_(2.0).sub_(1.0).mul_(o)
            rounded = h.to(self.dtype)
            inputs[:, self._widths[layer] :] = rounded
            if layer < top:
                pool.inputs[layer + 1][:n, :hidden] = rounded
        return rounded

    def logits(self, outputs: Tensor) -> Tensor:
        """h of the top [n, hidden] → float32 [n, vocab]."""
        if self._projection is not None:
            outputs = self._projection(outputs)
        logits = self._head(outputs).float()
        logits += self._head_bias
        return logits


def _reordered(tensor: Tensor, hidden: int) -> Tensor:
    """torch's gate order i, f, g, o → i, f, o, 2 g along the first axis."""
    i, f, g, o = tensor.split(hidden)
    return torch.cat((i, f, o, 2.0 * g))
