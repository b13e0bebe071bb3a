"""The smallest set of a memory's units found whose emptying takes one answer away.

An intervention guided by a gradient: the units are ranked by what emptying each alone would take
from the answer's log-probability to first order (gradient · input; Shrikumar et al. 2017), and how
many of them are needed is found by emptying and asking. Units left out again one group at a time
are those that weren't needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

#: Sets that are tried at once.
TRIED = 16
#: Rounds in which units that aren't needed are put back.
PRUNED = 3

#: [part, layer, unit]: of a vector memory a unit, of a matrix memory a head.
Unit = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Emptied:
    """`units` to empty, the one with the largest first-order effect first; `state` with them empty.

    `tried`: how many sets were asked.
    """

    units: tuple[Unit, ...]
    state: State
    tried: int


def unit_effects(
    model: LanguageModel, state: State, prompt_ids: Sequence[int], reply_ids: Sequence[int],
    start: int,
) -> list[tuple[float, Unit]]:  # fmt: skip
    """How much emptying each unit would lower ln p of reply_ids[start:], to first order.

    For each unit u of each layer's memory m (batch 1): m_u · ∂ ln p / ∂ m_u, of a head summed over
    its matrix. The largest first; ties in the order of the state.

    Raises:
        ValueError: no piece of the reply is left after `start`.
    """
    if not 0 <= start < len(reply_ids):
        raise ValueError("An answer needs at least one piece.")
    config = model.config
    layers = [dict(parts) for parts in state.clone().layers]
    memories = []
    for number, parts in enumerate(layers):
        part = config.memory_of(number).part
        parts[part] = parts[part].clone().requires_grad_(True)
        memories.append((part, number, parts[part]))
    ids = torch.tensor([[*prompt_ids, *reply_ids]])
    with torch.inference_mode(False), torch.enable_grad():
        logits, _ = model(ids[:, :-1], State(tuple(layers)))
        first = len(prompt_ids) - 1 + start
        wanted = ids[0, first + 1 :]
        logprobs = logits[0, first:].log_softmax(dim=-1)
        logprobs.gather(1, wanted.unsqueeze(1)).sum().backward()
    effects: list[tuple[float, Unit]] = []
    for part, number, memory in memories:
        if memory.grad is None:
            continue
        effect = (memory.grad * memory).detach()[0]  # [units], or [heads, …]
        values = effect if effect.dim() == 1 else effect.flatten(1).sum(dim=1)
        effects += [(value, (part, number, unit)) for unit, value in enumerate(values.tolist())]
    return sorted(effects, key=lambda pair: -pair[0])


def emptied(state: State, units: Sequence[Unit]) -> State:
    """The state (batch 1) with these units at 0; the given one is unchanged."""
    after = state.clone()
    for part, layer, unit in units:
        after.layers[layer][part][0, unit] = 0.0
    return after


def empty_answer(
    state: State,
    effects: Sequence[tuple[float, Unit]],
    is_gone: Callable[[Sequence[State]], list[bool]],
) -> Emptied | None:
    """The smallest set found whose emptying makes the answer go; None where no set does.

    `effects`: as `unit_effects`; only units whose emptying lowers the answer's probability are
    tried. `is_gone` asks several states at once. First the fewest of the largest, then without
    those that weren't needed.
    """
    ranked = [unit for effect, unit in effects if effect > 0]
    tried = 0

    def works(sets: list[list[Unit]]) -> list[bool]:
        nonlocal tried
        tried += len(sets)
        return is_gone([emptied(state, units) for units in sets])

    low, high = 0, 0
    sizes = sorted({min(2**power, len(ranked)) for power in range(len(ranked).bit_length() + 1)})
    for size, gone in zip(sizes, works([ranked[:size] for size in sizes]), strict=True):
        if gone:
            high = size
            break
        low = size
    if not high:
        return None
    while high - low > 1:
        step = max(1, (high - low) // TRIED)
        sizes = list(range(low + step, high, step))[:TRIED]
        for size, gone in zip(sizes, works([ranked[:size] for size in sizes]), strict=True):
            if gone:
                high = size
                break
            low = size
    kept = ranked[:high]
    for _ in range(PRUNED):
        count = min(TRIED, len(kept))
        if count < 2:
            break
        groups = [kept[number::count] for number in range(count)]
        rest = [[unit for unit in kept if unit not in group] for group in groups]
        found = next((left for left, gone in zip(rest, works(rest), strict=True) if gone), None)
        if found is None:
            break
        kept = found
    return Emptied(tuple(kept), emptied(state, kept), tried)
