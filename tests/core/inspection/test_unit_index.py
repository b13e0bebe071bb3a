"""The index of units and what is searched in it equal plain loops over the traces."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from memory_app.core.inspection.trace import trace
from memory_app.core.inspection.unit_contexts import extremes, timescale_counts, timescales
from memory_app.core.inspection.unit_index import (
    TOP,
    IndexDamaged,
    Stretch,
    UnitIndex,
    build_index,
    indexed_gate,
    open_index,
)
from memory_app.core.inspection.unit_pattern import find_pattern, find_places, step_of
from memory_app.core.inspection.unit_property import correlations, followers, halves, separation
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

SHA = "a" * 64
CELLS = [("lstm", 2), ("xlstm", 3)]


def _model(cell: str = "lstm", layers: int = 2) -> LanguageModel:
    torch.manual_seed(8)
    model = LanguageModel(ModelConfig(60, 16, 16, layers, cell=cell)).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.mul_(2)
    return model


def _stretches(model: LanguageModel, count: int = 6) -> list[Stretch]:
    generator = torch.Generator().manual_seed(3)
    return [
        Stretch(
            State.zeros(model.config),
            torch.randint(60, (5 + 3 * number,), generator=generator).tolist(),
        )
        for number in range(count)
    ]


def _index(cell: str = "lstm", layers: int = 2) -> tuple[LanguageModel, UnitIndex]:
    model = _model(cell, layers)
    return model, build_index(model, SHA, _stretches(model))


@pytest.mark.parametrize(("cell", "layers"), CELLS)
def test_an_index_holds_each_value_to_half_a_step(cell: str, layers: int) -> None:
    model, index = _index(cell, layers)
    stretches = _stretches(model)
    assert index.tokens == sum(len(stretch.ids) for stretch in stretches)
    for number, stretch in enumerate(stretches):
        first, stop = int(index.starts[number]), int(index.starts[number + 1])
        assert index.ids[first:stop].tolist() == list(stretch.ids)
        seen = trace(model, stretch.state, stretch.ids)
        for layer, own in enumerate(index.layers):
            gate = indexed_gate(model.config, layer)
            values = seen.layers[layer][gate].clamp(-own.scale, own.scale)
            assert own.units == values.shape[1]
            for unit in range(own.units):
                kept = own.values(unit, first, stop)
                assert np.abs(kept - values[:, unit].numpy()).max() <= own.scale / TOP / 2 + 1e-6


@pytest.mark.parametrize(("cell", "layers"), CELLS)
def test_means_and_timescales_are_of_all_tokens(cell: str, layers: int) -> None:
    model, index = _index(cell, layers)
    for layer, own in enumerate(index.layers):
        keep = model.config.memory_of(layer).keep
        assert keep is not None
        values = torch.cat(
            [trace(model, one.state, one.ids).layers[layer][keep] for one in _stretches(model)]
        )
        np.testing.assert_allclose(own.means[keep], values.double().mean(dim=0), atol=1e-6)
        found = timescales(model.config, layer, own)
        assert found is not None
        np.testing.assert_allclose(found, -1 / values.double().mean(dim=0).log(), rtol=1e-4)
        assert sum(timescale_counts(found)) == own.units


def test_an_index_in_files_is_the_one_in_memory(tmp_path: Path) -> None:
    model = _model()
    done: list[int] = []
    filed = build_index(
        model, SHA, _stretches(model), folder=tmp_path / "index", progress=done.append
    )
    plain = build_index(model, SHA, _stretches(model))
    assert done[-1] == plain.tokens
    assert done == sorted(done)
    assert filed.ids.tolist() == plain.ids.tolist()
    assert filed.starts.tolist() == plain.starts.tolist()
    for one, other in zip(filed.layers, plain.layers, strict=True):
        assert (one.gate, one.scale) == (other.gate, other.scale)
        np.testing.assert_array_equal(one.steps, other.steps)
        assert one.means.keys() == other.means.keys()
        for name, mean in one.means.items():
            np.testing.assert_array_equal(mean, other.means[name])


def test_files_of_other_weights_or_damaged_ones_are_refused(tmp_path: Path) -> None:
    model = _model()
    folder = tmp_path / "index"
    build_index(model, SHA, _stretches(model), folder=folder)
    with pytest.raises(IndexDamaged):
        open_index(folder, "b" * 64)
    (folder / "layer.1.npy").write_bytes((folder / "layer.1.npy").read_bytes()[:-40])
    with pytest.raises(IndexDamaged):
        open_index(folder, SHA)
    with pytest.raises(OSError, match=r"index\.json"):
        open_index(tmp_path / "none", SHA)


def _slow_places(
    index: UnitIndex, number: int, units: list[int], signs: list[int], step: int
) -> list[tuple[int, int]]:
    steps = index.layers[number].steps
    places: list[tuple[int, int]] = []
    open_at: int | None = None
    for token in range(index.tokens):
        if token in index.starts.tolist() and open_at is not None:
            places.append((open_at, token))
            open_at = None
        count = sum(int(steps[u, token]) * s >= step for u, s in zip(units, signs, strict=True))
        if count * 2 >= len(units):
            open_at = token if open_at is None else open_at
        elif open_at is not None:
            places.append((open_at, token))
            open_at = None
    if open_at is not None:
        places.append((open_at, index.tokens))
    return places


@pytest.mark.parametrize("phrase", [(0, 1), (3, 5), (20, 22), (39, 40)])
@pytest.mark.parametrize("threshold", [0.05, 0.2, 0.4])
def test_a_pattern_and_its_places_are_those_of_a_plain_loop(
    phrase: tuple[int, int], threshold: float
) -> None:
    _, index = _index()
    layer = index.layers[1]
    step = step_of(layer, threshold)
    pattern = find_pattern(layer, *phrase, threshold=threshold)
    first, last = phrase
    wanted = []
    for unit in range(layer.units):
        row = layer.steps[unit].astype(int).tolist()
        sign = 1 if row[first] >= 0 else -1
        inside = all(row[t] * sign >= step for t in range(first, last + 1))
        before = first == 0 or row[first - 1] * sign < step
        after = last + 1 == index.tokens or row[last + 1] * sign < step
        if inside and before and after:
            wanted.append((unit, sign))
    assert list(zip(pattern.units.tolist(), pattern.signs.tolist(), strict=True)) == wanted
    places = find_places(index, layer, pattern, most=1000)
    if not wanted:
        assert places == []
        return
    units, signs = [unit for unit, _ in wanted], [sign for _, sign in wanted]
    slow = _slow_places(index, 1, units, signs, step)
    assert sorted((one.first, one.stop) for one in places) == slow
    assert all(a.score >= b.score for a, b in pairwise(places))
    for one in places:
        assert index.stretch_of(one.first) == index.stretch_of(one.stop - 1)
        assert len(one.shared) == one.stop - one.first
        assert 0 < one.score <= 1


def test_a_phrase_without_flanks_is_its_own_best_place() -> None:
    _, index = _index()
    layer = index.layers[1]
    checked = 0
    for first in range(index.tokens - 1):
        pattern = find_pattern(layer, first, first + 1, threshold=0.1)
        inside = index.stretch_of(first) == index.stretch_of(first + 1)
        if inside and len(pattern.units) == 1:
            places = find_places(index, layer, pattern, most=index.tokens)
            best = [one for one in places if one.score == 1]
            assert (first, first + 2) in [(one.first, one.stop) for one in best]
            checked += 1
    assert checked


def test_the_most_active_units_stand_for_a_pattern_of_too_many() -> None:
    _, index = _index()
    layer = index.layers[0]
    every = find_pattern(layer, 4, 4, threshold=0.0001, off_before=False, off_after=False)
    few = find_pattern(layer, 4, 4, threshold=0.0001, off_before=False, off_after=False, most=3)
    size = np.abs(layer.steps[every.units, 4].astype(int))
    assert set(np.abs(layer.steps[few.units, 4].astype(int))) == set(sorted(size)[-3:])
    with pytest.raises(ValueError, match="phrase"):
        find_pattern(layer, 5, index.tokens, threshold=0.1)


def test_correlations_are_pearsons() -> None:
    _, index = _index()
    layer = index.layers[1]
    values = np.random.default_rng(1).random(index.tokens).astype(np.float32)
    where = halves(index)
    found = correlations(layer, values, where)
    for unit in range(layer.units):
        wanted = np.corrcoef(layer.steps[unit][where].astype(float), values[where])[0, 1]
        assert found[unit] == pytest.approx(wanted, abs=1e-5)
    assert not correlations(layer, np.ones(index.tokens, np.float32), where).any()


def test_a_follower_is_chosen_on_one_half_and_examined_on_the_other() -> None:
    _, index = _index()
    layer = index.layers[1]
    # A unit's own high values: it must be found, and be examined where it was not chosen.
    marks = (layer.steps[5] > np.median(layer.steps[5])).astype(np.float32)
    found = followers(index, layer, marks)
    assert found is not None
    own = next(one for one in found.units if one.unit == 5)
    assert own.separation == 1
    assert found.n_chosen + found.n_held_out == index.tokens
    held = ~halves(index)
    wanted = np.corrcoef(layer.steps[5][held].astype(float), marks[held])[0, 1]
    assert own.held_out == pytest.approx(wanted, abs=1e-5)
    assert followers(index, layer, np.zeros(index.tokens, np.float32)) is None


def test_separation_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(2)
    values, marks = rng.integers(-5, 5, 80), (rng.random(80) < 0.3).astype(float)
    pairs = [
        1.0 if a > b else 0.5 if a == b else 0.0
        for a in values[marks > 0]
        for b in values[marks == 0]
    ]
    assert separation(values, marks) == pytest.approx(sum(pairs) / len(pairs))
    assert separation(values, np.ones(80)) is None


@pytest.mark.parametrize("highest", [True, False])
def test_extremes_are_the_largest_of_each_stretch(highest: bool) -> None:
    _, index = _index()
    layer = index.layers[1]
    found = extremes(index, layer, 3, highest=highest, most=4, width=2)
    row = layer.steps[3].astype(int) * (1 if highest else -1)
    best = sorted((-row[a:b].max(), n) for n, (a, b) in enumerate(pairwise(index.starts.tolist())))[
        :4
    ]
    assert [index.stretch_of(one.token) for one in found] == [n for _, n in best]
    for one in found:
        assert one.first <= one.token < one.stop <= one.first + 5
        assert index.stretch_of(one.first) == index.stretch_of(one.stop - 1)
        assert one.value == pytest.approx(layer.values(3)[one.token])
