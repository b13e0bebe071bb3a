"""What else could have been said: the distribution that a token was drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from memory_app.core.inspection.trace_queries import AnyTrace


@dataclass(frozen=True, slots=True)
class Alternatives:
    """The distribution before one token: the `best` (id, probability) in falling order, what the
    token itself had, its rank (1 = most probable) and the entropy in nats."""

    best: list[tuple[int, float]]
    probability: float
    rank: int
    nats: float

    @property
    def bits(self) -> float:
        """The entropy in bits."""
        return self.nats / math.log(2)


@torch.inference_mode()
def alternatives(trace: AnyTrace, index: int, count: int = 10) -> Alternatives:
    """The distribution over the vocabulary that the token at `index` (from 0) stands against.

    p = softmax(head · h_{t-1} + bias) at temperature 1, before any ban, penalty or cut, in float64
    (h of the last layer; before the first token, that of the state). Entropy = -Σ p ln p
    (Shannon 1948). Of two equals the smaller id comes first.

    Raises:
        IndexError: there is no such token, or it is the first of a cell whose state has no output.
    """
    if not 0 <= index < len(trace.ids):
        raise IndexError(f"There is no token {index}.")
    last = trace.num_layers - 1
    part = trace.model.cell.output_part
    if index:
        before = trace.outputs(last)[index - 1]
    elif part is not None:
        before = trace.state.layers[last][part][0]
    else:
        raise IndexError("The state before the first token has no output.")
    logprobs = trace.model.logits(before).double().log_softmax(dim=-1)  # [vocab]
    p = logprobs.exp()
    order = torch.sort(p, descending=True, stable=True).indices[: max(count, 0)]
    own = logprobs[trace.ids[index]]
    ahead = (logprobs > own).sum() + (logprobs[: trace.ids[index]] == own).sum()
    return Alternatives(
        best=[(int(token_id), float(p[token_id])) for token_id in order],
        probability=float(own.exp()),
        rank=int(ahead) + 1,
        # A probability that underflowed to 0 adds 0, not 0 · -inf.
        nats=float(-(p * logprobs.clamp(min=-1e4)).sum()),
    )
