"""How far the memory moved at a token equals the distance of the states before and after it."""

import math

import pytest
import torch

from memory_app.core.inspection.gate_map import layer_moves, unit_figures
from memory_app.core.inspection.moves import SLOW, memory_moves
from memory_app.core.inspection.trace import LayeredTrace
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State


def _trace(cell: str, layers: int) -> LayeredTrace:
    torch.manual_seed(3)
    model = LanguageModel(ModelConfig(60, 16, 16, layers, cell=cell)).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.mul_(2)
    before = replay(model, State.zeros(model.config), [5, 9, 2, 7])
    return LayeredTrace(model, before, torch.randint(0, 60, (12,)).tolist())


@pytest.mark.parametrize(("cell", "layers"), [("lstm", 2), ("xlstm", 3)])
def test_moves_are_the_distances_of_the_states_token_by_token(cell: str, layers: int) -> None:
    trace = _trace(cell, layers)
    config, state = trace.model.config, trace.state
    moves = []
    for token in trace.ids:
        after = replay(trace.model, state, [token])
        row = []
        for layer in range(layers):
            one, two = (
                config.kind.memory_entries(
                    config, layer, {name: part[0] for name, part in given.layers[layer].items()}
                )
                for given in (state, after)
            )
            row.append(math.sqrt(sum(v * v for v in (two - one).flatten().tolist())))
        moves.append(row)
        state = after
    for layer in range(layers):
        found = layer_moves(trace.layer(layer), None)
        assert found.all.tolist() == pytest.approx([row[layer] for row in moves], rel=1e-3)
        assert torch.equal(found.all, found.slow)


def test_the_matrix_that_the_moves_end_in_is_that_of_the_state() -> None:
    trace = _trace("xlstm", 3)
    config, seen = trace.model.config, trace.layer(2)
    memory = config.kind.memory_entries(config, 2, seen.before).float()
    _, after = config.kind.memory_moves(config, 2, seen.gates, memory)
    sizes = after.flatten(1).norm(dim=1)
    torch.testing.assert_close(sizes, seen["size"][-1], rtol=1e-4, atol=1e-6)


def test_what_lasts_is_the_distance_over_the_slow_units_alone() -> None:
    moved = torch.rand(7, 5)
    timescale = torch.tensor([1.0, SLOW, 200.0, SLOW - 0.01, math.inf])
    found = memory_moves(moved, timescale)
    assert (found.slow_units, found.units) == (3, 5)
    for t in range(7):
        slow = [float(moved[t, unit]) ** 2 for unit in (1, 2, 4)]
        assert float(found.slow[t]) == pytest.approx(math.sqrt(sum(slow)), rel=1e-5)


def test_where_no_unit_is_slow_all_of_them_count() -> None:
    found = memory_moves(torch.rand(4, 3), torch.tensor([1.0, 2.0, 3.0]))
    assert torch.equal(found.slow, found.all)
    assert found.slow_units == 3


def test_the_timescale_that_selects_is_the_one_shown() -> None:
    trace = _trace("lstm", 2)
    figures = unit_figures(trace.layer(1))
    found = layer_moves(trace.layer(1), figures["timescale"])
    slow = int((figures["timescale"] >= SLOW).sum())
    assert found.slow_units == (slow or found.units)
