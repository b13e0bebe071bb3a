"""Every gate of a stretch of tokens, recomputed from the state before it; never stored.

One nn.LSTM pass gives h of every layer's steps; given h_{t-1} all pre-activations of a layer are
two large GEMMs, so nothing has to be stepped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor
from torch.nn import functional

from memory_app.lm.model import LanguageModel
from memory_app.lm.state import State

TRACE_FORMAT_VERSION = "1"
GATES = ("i", "f", "g", "o", "c", "h")


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


@torch.inference_mode()
def trace(model: LanguageModel, state: State, ids: Sequence[int]) -> Trace:
    """The gates of `ids` (at least one) fed from `state` (batch 1), by torch.nn.LSTM's formula.

    Raises:
        ValueError: no ids, or a model of another cell.
    """
    if model.config.cell != "lstm":
        raise ValueError("Only the cell lstm can be traced.")
    if not ids:
        raise ValueError("A trace needs at least one token id.")
    lstm = model.lstm
    x = model.embedding(torch.tensor(list(ids)))  # [T, embed]
    columns: dict[str, list[Tensor]] = {name: [] for name in GATES}
    for layer in range(model.config.num_layers):
        w_ih, w_hh, b_ih, b_hh = (
            getattr(lstm, f"{name}_l{layer}")
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        h0, c0 = state.h[layer : layer + 1], state.c[layer : layer + 1]  # [1, 1, hidden]
        h = torch.lstm(
            x.unsqueeze(1), (h0, c0), [w_ih, w_hh, b_ih, b_hh], True, 1, 0.0, False, False, False
        )[0][:, 0]  # [T, hidden]
        before = torch.cat((h0[0], h[:-1]))
        pre = functional.linear(x, w_ih, b_ih) + functional.linear(before, w_hh, b_hh)
        i, f, g, o = pre.chunk(4, dim=-1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        # c is the one recurrence left, elementwise: c_t = f_t c_{t-1} + i_t g_t.
        written = i * g
        cell, cells = c0[0, 0], []
        for t in range(len(ids)):
            cell = torch.addcmul(written[t], f[t], cell)
            cells.append(cell)
        values = {"i": i, "f": f, "g": g, "o": o, "c": torch.stack(cells), "h": h}
        for name in GATES:
            columns[name].append(values[name])
        x = h
    stacked = {name: torch.stack(parts, dim=1) for name, parts in columns.items()}
    return Trace(ids=list(ids), h0=state.h[:, 0].clone(), c0=state.c[:, 0].clone(), **stacked)
