"""The effects equal finite differences; the set that is found works and has nothing to spare."""

from collections.abc import Sequence

import pytest
import torch

from memory_app.core.inspection.empty_answer import Unit, emptied, empty_answer, unit_effects
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State


def _model(cell: str, layers: int) -> LanguageModel:
    torch.manual_seed(8)
    model = LanguageModel(ModelConfig(60, 16, 16, layers, cell=cell)).eval().requires_grad_(False)
    for parameter in model.parameters():
        # Blocks begin with an output of zero.
        parameter.add_(torch.randn_like(parameter) * 0.2)
    return model


def _logprob(
    model: LanguageModel, state: State, prompt: list[int], reply: list[int], start: int
) -> float:
    ids = torch.tensor([[*prompt, *reply]])
    logits, _ = model(ids[:, :-1], state)
    first = len(prompt) - 1 + start
    found = logits[0, first:].log_softmax(-1).gather(1, ids[0, first + 1 :, None])
    return float(found.sum())


@pytest.mark.parametrize(("cell", "layers"), [("lstm", 2), ("xlstm", 3)])
def test_effects_are_the_slopes_towards_an_empty_unit(cell: str, layers: int) -> None:
    model = _model(cell, layers)
    state = replay(model, State.zeros(model.config), [3, 9, 2, 7, 11, 5])
    prompt, reply, start = [4, 8, 1], [6, 12, 30], 1
    effects = unit_effects(model, state, prompt, reply, start)
    assert [value for value, _ in effects] == sorted((v for v, _ in effects), reverse=True)
    units = sum(state.layers[n][model.config.memory_of(n).part].shape[1] for n in range(layers))
    assert len({unit for _, unit in effects}) == len(effects) == units
    tiny = 1e-3
    for effect, (part, layer, unit) in [*effects[:6], *effects[-6:]]:
        nearer, farther = state.clone(), state.clone()
        nearer.layers[layer][part][0, unit] *= 1 - tiny
        farther.layers[layer][part][0, unit] *= 1 + tiny
        slope = (
            _logprob(model, farther, prompt, reply, start)
            - _logprob(model, nearer, prompt, reply, start)
        ) / (2 * tiny)
        assert effect == pytest.approx(slope, abs=3e-2 * max(1.0, abs(slope)))
    with pytest.raises(ValueError, match="piece"):
        unit_effects(model, state, prompt, reply, 3)


def _state() -> State:
    config = ModelConfig(60, 16, 40, 1, cell="lstm")
    state = State.zeros(config)
    state.layers[0]["c"].fill_(1.0)
    return state


@pytest.mark.parametrize("needed", [{0}, {3}, {0, 1, 2}, {2, 17}, set(range(30))])
def test_the_set_found_is_enough_and_holds_nothing_to_spare(needed: set[int]) -> None:
    state = _state()
    effects: list[tuple[float, Unit]] = [(40.0 - unit, ("c", 0, unit)) for unit in range(40)]

    def is_gone(states: Sequence[State]) -> list[bool]:
        return [all(float(one.layers[0]["c"][0, unit]) == 0 for unit in needed) for one in states]

    found = empty_answer(state, effects, is_gone)
    assert found is not None
    units = {unit for _, _, unit in found.units}
    assert needed <= units
    assert len(units) <= max(needed) + 1
    assert is_gone([found.state]) == [True]
    assert float(state.layers[0]["c"].min()) == 1.0
    torch.testing.assert_close(
        found.state.layers[0]["c"], emptied(state, found.units).layers[0]["c"]
    )


def test_units_that_do_not_carry_the_answer_are_never_emptied() -> None:
    effects: list[tuple[float, Unit]] = [(1.0, ("c", 0, 1)), (-1.0, ("c", 0, 2))]

    def is_gone(states: Sequence[State]) -> list[bool]:
        assert all(float(one.layers[0]["c"][0, 2]) == 1.0 for one in states)
        return [False] * len(states)

    assert empty_answer(_state(), effects, is_gone) is None
    assert empty_answer(_state(), [], lambda states: [False] * len(states)) is None
