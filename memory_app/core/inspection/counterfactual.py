"""The effect of a turn or a word: left out, the rest replayed, one token's log-probability again.

An intervention, unlike `sources`: everything that follows is computed anew from the memory that
lacks it (the canonical replay), so gates, lower layers and later turns react. The ids that follow
stay as they are; what the model would have said instead isn't asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State

#: A turn as a function of memory: for talk the replay of its ids.
Step = Callable[[State], State]


def step_of(model: LanguageModel, ids: Sequence[int]) -> Step:
    """The canonical replay of a turn's ids."""
    return lambda state: replay(model, state, ids)


@torch.inference_mode()
def token_logprob(model: LanguageModel, state: State, ids: Sequence[int], token_id: int) -> float:
    """The log-probability (natural, temperature 1) of `token_id` after `ids` fed from `state`.

    At least one id; the logits are float32, their softmax float64, as in `alternatives`.
    """
    outputs, _ = model.hidden(torch.tensor([list(ids)]), state)
    logprobs = model.logits(outputs[0, -1]).double().log_softmax(dim=-1)
    return float(logprobs[token_id])


def logprob_after(
    model: LanguageModel, state: State, steps: Sequence[Step], ids: Sequence[int], token_id: int
) -> float:
    """`token_logprob` after the turns `steps` from `state`."""
    for step in steps:
        state = step(state)
    return token_logprob(model, state, ids, token_id)


def without_words(ids: Sequence[int], first: int, stop: int) -> list[int]:
    """A turn's ids without those from `first` to `stop` - 1.

    Raises:
        ValueError: nothing would be left out, or nothing left.
    """
    if not 0 <= first < stop <= len(ids) or stop - first == len(ids):
        raise ValueError("Leave out at least one token, and not all of them.")
    return [*ids[:first], *ids[stop:]]


def turn_effects(
    model: LanguageModel, states: Sequence[State], steps: Sequence[Step], ids: Sequence[int],
    token_id: int, turns: Sequence[int] | None = None,
) -> list[tuple[int, float]]:  # fmt: skip
    """(turn, change of the token's log-probability) with each of `turns` left out (None: all).

    states[j]: the memory before turn j, states[-1] that before `ids`; steps[j]: turn j. The change
    is negative where the turn made the token more probable.
    """
    whole = token_logprob(model, states[-1], ids, token_id)
    effects = []
    for turn in range(len(steps)) if turns is None else turns:
        changed = logprob_after(model, states[turn], steps[turn + 1 :], ids, token_id)
        effects.append((turn, changed - whole))
    return effects
