"""The timeline's numbers equal the plain definitions, computed number by number."""

import math
from itertools import pairwise

import pytest
import torch

from memory_app.core.inspection.timeline import principal_path, timeline
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State


def _states(cell: str, layers: int, turns: int = 5) -> tuple[ModelConfig, list[State]]:
    torch.manual_seed(8)
    model = LanguageModel(ModelConfig(60, 16, 16, layers, cell=cell)).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.mul_(2)
    states = [State.zeros(model.config)]
    for turn in range(turns):
        states.append(replay(model, states[-1], [turn + 3, 9, 2, 7 + turn]))
    return model.config, states


def _memory(config: ModelConfig, layer: int, state: State) -> list[float]:
    parts = state.layers[layer]
    if "C" in parts:
        return (
            (parts["C"][0].double() * parts["m"][0].double().exp()[:, None, None])
            .flatten()
            .tolist()
        )
    return parts["c"][0].double().tolist()


def _distance(one: list[float], two: list[float]) -> float:
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(one, two, strict=True)))


@pytest.mark.parametrize(("cell", "layers"), [("lstm", 2), ("xlstm", 3)])
def test_norms_and_distances_are_those_of_the_memories(cell: str, layers: int) -> None:
    config, states = _states(cell, layers)
    found = timeline(config, states, [None] * len(states))
    assert len(found) == layers
    for number, layer in enumerate(found):
        memories = [_memory(config, number, state) for state in states]
        blank = [0.0] * len(memories[0])
        wanted = [[_distance(a, b) for b in memories] for a in memories]
        torch.testing.assert_close(layer.distances, torch.tensor(wanted, dtype=torch.float64))
        assert layer.norms == pytest.approx([_distance(own, blank) for own in memories])
        moved = [_distance(a, b) for a, b in pairwise(memories)]
        assert layer.moved == pytest.approx([0.0, *moved])


def test_a_turn_whose_predecessor_is_left_out_moved_from_it_all_the_same() -> None:
    config, states = _states("lstm", 2)
    whole = timeline(config, states, [None] * len(states))
    kept = [states[0], *states[3:]]
    cut = timeline(config, kept, [None, states[2], None, None])
    for all_of_it, part in zip(whole, cut, strict=True):
        assert part.moved[1:] == pytest.approx(all_of_it.moved[3:])


def _power(points: list[list[float]], against: list[float] | None = None) -> list[float]:
    """The main axis by power iteration on the covariance, apart from another axis."""
    size = len(points[0])
    axis = [math.sin(k + 1.0) for k in range(size)]
    for _ in range(3000):
        if against is not None:
            overlap = sum(a * b for a, b in zip(axis, against, strict=True))
            axis = [a - overlap * b for a, b in zip(axis, against, strict=True)]
        dots = [sum(a * p for a, p in zip(axis, point, strict=True)) for point in points]
        axis = [
            sum(d * point[k] for d, point in zip(dots, points, strict=True)) for k in range(size)
        ]
        length = math.sqrt(sum(a * a for a in axis))
        axis = [a / length for a in axis]
    return axis


def test_the_path_is_the_projection_on_the_two_main_axes() -> None:
    torch.manual_seed(2)
    points = torch.randn(7, 4, dtype=torch.float64) * torch.tensor([5.0, 2.0, 0.7, 0.3])
    path, shares = principal_path(points)
    rows = points.tolist()
    mean = [sum(row[k] for row in rows) / len(rows) for k in range(4)]
    centred = [[v - m for v, m in zip(row, mean, strict=True)] for row in rows]
    first = _power(centred)
    second = _power(centred, first)
    total = sum(v * v for row in centred for v in row)
    for axis, (direction, share) in enumerate(zip((first, second), shares, strict=True)):
        along = [sum(a * v for a, v in zip(direction, row, strict=True)) for row in centred]
        sign = -1.0 if along[0] > 0 else 1.0
        assert path[:, axis].tolist() == pytest.approx([sign * v for v in along], abs=1e-6)
        assert share == pytest.approx(sum(v * v for v in along) / total)
        assert path[0, axis] < 0


def test_the_sign_does_not_depend_on_the_points_order_of_axes() -> None:
    points = torch.randn(6, 3, dtype=torch.float64)
    path, _ = principal_path(points)
    mirrored, _ = principal_path(-points)
    torch.testing.assert_close(path, mirrored)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_or_equal_states_have_a_path_too(count: int) -> None:
    config, states = _states("lstm", 1)
    found = timeline(config, states[:count], [None] * count)[0]
    assert found.path.shape == (count, 2)
    assert bool(found.path.isfinite().all())
    equal = timeline(config, [states[0]] * count, [None] * count)[0]
    assert float(equal.path.abs().max()) == 0.0
    assert equal.explained == (0.0, 0.0)
