"""How strongly a token's score reacts to each earlier token: the gradient through the states.

Connectivity after Madsen, "Visualizing memorization in RNNs" (Distill 2019): the Euclidean norm of
the gradient of a token's logit, less the mean of all logits, by the embedding of each earlier
token, through every gate and state on the way. A local slope: what a small change of the embedding
would do, neither what the token wrote (`sources`) nor what leaving it out does (`counterfactual`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State


def token_saliency(
    model: LanguageModel, state: State, ids: Sequence[int], token_id: int
) -> list[float]:
    """Of each of `ids` (at least one, fed from `state`, batch 1) the norm of the gradient.

    The logit is that of `token_id` after the last of them, less the mean of all logits. Time and
    memory grow with the tokens: about twice a pass, and every layer's gates.

    Raises:
        ValueError: no ids.
    """
    if not ids:
        raise ValueError("Saliency needs at least one token id.")
    with torch.inference_mode(False), torch.enable_grad():
        # Copied: what was made in inference mode can't be part of a gradient.
        embedded = model.embedding.weight.detach().clone()[torch.tensor(list(ids))]
        x = embedded.unsqueeze(0).requires_grad_(True)  # (1, T, embed)
        before = State(tuple({n: p.clone() for n, p in layer.items()} for layer in state.layers))
        outputs, _ = model.layers(x, before.layers)
        logits = model.logits(outputs[0, -1])
        (logits[token_id] - logits.mean()).backward()
    assert x.grad is not None
    return [float(norm) for norm in x.grad[0].norm(dim=1)]


def shares(norms: Sequence[float]) -> list[float]:
    """Each norm over the sum of all; zeros where all are zero."""
    whole = sum(norms)
    return [norm / whole for norm in norms] if whole else [0.0] * len(norms)
