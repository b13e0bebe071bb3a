"""The canonical replay: the one computation that every stored state is made by.

The cell's `replay` of a turn's ids (of an lstm torch.nn.LSTM in one pass), CPU, float32, batch 1.
Decoding may be batched and rounded; what is stored never is, so states do not drift and a third
party computes the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from memory_app.core.cells.held_layers import held_layers
from memory_app.core.cells.hold import Hold
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

# The order of additions inside a GEMM, and so its last bit, depends on the thread count.
# One thread is the only number that every machine can give.
REPLAY_THREADS = 1


def configure_process() -> None:
    """Set what the replay needs to be the same in every process that replays. Call it early."""
    torch.set_num_threads(REPLAY_THREADS)


@torch.inference_mode()
def replay(
    model: LanguageModel, state: State, ids: Sequence[int], hold: Hold | None = None
) -> State:
    """The state after `ids` (at least one), fed from `state` (batch 1, float32).

    With gates held it is the cell's step, token by token.

    Raises:
        ValueError: no ids, an id outside the vocabulary, or a state of another shape.
    """
    config = model.config
    if not ids:
        raise ValueError("A replay needs at least one token id.")
    if min(ids) < 0 or max(ids) >= config.vocab_size:
        raise ValueError("A token id lies outside the checkpoint's vocabulary.")
    if state.batch != 1 or not state.fits(config):
        raise ValueError("The state has another shape than the checkpoint's.")
    was_training = model.training
    model.eval()
    x = model.embedding(torch.tensor([list(ids)]))
    if hold is None:
        parts = model.layers.replay(x, state.layers)
    else:
        held = held_layers(hold, model.cell, config)
        parts = model.layers.held_replay(x, state.layers, held)
    if was_training:
        model.train()
    return State(parts).clone()
