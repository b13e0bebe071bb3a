"""Two turns beside each other: aligned as the plain rule says, and the states' plain difference."""

import math
import random
from itertools import pairwise

import pytest
import torch

from memory_app.core.inspection.alignment import align
from memory_app.core.inspection.state_difference import state_difference
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State


def _slow(own: list[int], other: list[int], a: int, b: int, places: list[int | None]) -> None:
    """The longest common stretch, the earliest of several; then what is left and right of it."""
    best = (0, 0, 0)
    for i in range(len(own)):
        for j in range(len(other)):
            length = 0
            while (
                i + length < len(own) and j + length < len(other)
                and own[i + length] == other[j + length]
            ):  # fmt: skip
                length += 1
            if length > best[0]:
                best = (length, i, j)
    length, i, j = best
    if not length:
        return
    for k in range(length):
        places[a + i + k] = b + j + k
    _slow(own[:i], other[:j], a, b, places)
    _slow(own[i + length :], other[j + length :], a + i + length, b + j + length, places)


@pytest.mark.parametrize("seed", range(12))
def test_tokens_are_aligned_by_their_longest_common_stretches(seed: int) -> None:
    draw = random.Random(seed)
    own, other = ([draw.randrange(6) for _ in range(draw.randrange(0, 30))] for _ in range(2))
    wanted: list[int | None] = [None] * len(own)
    _slow(own, other, 0, 0, wanted)
    kept = [k for k, place in enumerate(wanted) if place is not None]
    for left, right in pairwise(kept):
        if right - left == wanted[right] - wanted[left]:
            for k in range(left + 1, right):
                wanted[k] = wanted[left] + k - left
    assert align(own, other) == wanted


def test_aligned_tokens_are_in_order() -> None:
    draw = random.Random(5)
    own, other = ([draw.randrange(40) for _ in range(400)] for _ in range(2))
    kept = [place for place in align(own, other) if place is not None]
    assert kept == sorted(set(kept))


def test_a_word_that_replaces_another_is_aligned_with_it() -> None:
    assert align([7, 1, 2, 3, 9], [1, 2, 4, 9, 9]) == [None, 0, 1, 2, 3]
    assert align([1, 2, 9], [1, 5, 6, 9]) == [0, None, 3]


@pytest.mark.parametrize(("cell", "layers"), [("lstm", 2), ("xlstm", 3)])
def test_the_difference_of_two_states_is_the_plain_one(cell: str, layers: int) -> None:
    torch.manual_seed(4)
    model = LanguageModel(ModelConfig(60, 16, 16, layers, cell=cell)).eval().requires_grad_(False)
    config, blank = model.config, State.zeros(model.config)
    own, other = (replay(model, blank, ids) for ids in ([3, 9, 2, 7], [3, 9, 40, 7, 5]))
    for layer, found in enumerate(state_difference(config, own, other, most=5)):
        values = []
        for state in (own, other):
            parts = {name: part[0] for name, part in state.layers[layer].items()}
            entries = config.kind.memory_entries(config, layer, parts)
            values.append([row.flatten().tolist() for row in entries])
        apart = [
            math.sqrt(sum((b - a) ** 2 for a, b in zip(*pair, strict=True)))
            for pair in zip(*values, strict=True)
        ]
        assert found.distance == pytest.approx(math.sqrt(sum(x * x for x in apart)))
        norms = [math.sqrt(sum(v * v for row in rows for v in row)) for rows in values]
        assert (found.own, found.other) == pytest.approx(tuple(norms))
        order = sorted(range(len(apart)), key=lambda unit: (-apart[unit], unit))[:5]
        assert [unit for unit, *_ in found.units] == order
        for unit, one, two, distance in found.units:
            assert distance == pytest.approx(apart[unit])
            if len(values[0][unit]) == 1:
                assert (one, two) == (values[0][unit][0], values[1][unit][0])
                assert distance == pytest.approx(abs(two - one))
            else:
                assert one == pytest.approx(math.sqrt(sum(v * v for v in values[0][unit])))
