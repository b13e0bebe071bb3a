"""Changes of a state by hand, against the same written out value by value."""

import random

import pytest
import torch

from memory_app.core.inspection.memory_change import changed
from memory_app.core.inspection.state_edits import (
    MOST_ENTRIES,
    StateEditError,
    blended,
    edited,
    parse_edit,
)
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.state import State

LSTM = ModelConfig(20, 8, 6, 2)
XLSTM = ModelConfig(
    20,
    8,
    6,
    2,
    cell="xlstm",
    options={
        "blocks": [
            {"kind": "lstm"},
            {
                "kind": "mlstm",
                "heads": 2,
                "key": 3,
                "value": 4,
                "width": 5,
                "feed_forward": 6,
            },
        ]
    },
)


def random_state(config, seed):
    generator = torch.Generator().manual_seed(seed)
    blank = State.zeros(config)
    return blank.with_tensors(
        [torch.randn(part.shape, generator=generator) for part in blank.tensors()]
    )


def as_lists(state):
    return [{name: part[0].tolist() for name, part in layer.items()} for layer in state.layers]


def leaves(values, path=()):
    if not isinstance(values, list):
        yield path, values
        return
    for index, value in enumerate(values):
        yield from leaves(value, (*path, index))


def float32(value):
    return torch.tensor(value, dtype=torch.float32).item()


def places(config, rng):
    layer = rng.randrange(config.num_layers)
    part = rng.choice(list(config.layer_parts[layer]))
    shape = config.layer_parts[layer][part]
    depth = rng.randrange(len(shape) + 1)
    path = [rng.randrange(length) for length in shape[:depth]]
    unit = None if not path else path[0] if depth == 1 and rng.random() < 0.5 else path
    return part, layer, unit, tuple(path)


@pytest.mark.parametrize("config", [LSTM, XLSTM], ids=["lstm", "xlstm"])
@pytest.mark.parametrize("operation", ["set", "scale", "clamp"])
def test_an_edit_is_its_entries_value_by_value(config, operation):
    rng = random.Random(3)
    for seed in range(20):
        state = random_state(config, seed)
        expected = [
            {name: dict(leaves(values)) for name, values in layer.items()}
            for layer in as_lists(state)
        ]
        entries = []
        for _ in range(rng.randrange(1, 5)):
            part, layer, unit, path = places(config, rng)
            number = abs(rng.gauss(0, 1)) if operation == "clamp" else rng.gauss(0, 1)
            entries.append([part, layer, unit, number])
            values = expected[layer][part]
            for key, value in values.items():
                if key[: len(path)] == path:
                    values[key] = {
                        "set": float32(number),
                        "scale": float32(float32(number) * value),
                        "clamp": max(-float32(number), min(float32(number), value)),
                    }[operation]
        before = state.sha256()
        after = edited(state, {operation: entries}, config)
        assert state.sha256() == before
        for layer, wanted in zip(as_lists(after), expected, strict=True):
            for name, values in layer.items():
                assert dict(leaves(values)) == wanted[name]


@pytest.mark.parametrize("config", [LSTM, XLSTM], ids=["lstm", "xlstm"])
@pytest.mark.parametrize("weight", [0, 0.25, 1])
def test_a_blend_mixes_the_named_places_alone(config, weight):
    rng = random.Random(4)
    for seed in range(20):
        own, other = random_state(config, seed), random_state(config, 100 + seed)
        chosen = [places(config, rng) for _ in range(3)]
        after = blended(own, other, [list(place[:3]) for place in chosen], weight, config)
        for number, (layer, mine, theirs) in enumerate(
            zip(as_lists(after), as_lists(own), as_lists(other), strict=True)
        ):
            for name, values in layer.items():
                given = dict(leaves(theirs[name]))
                kept = dict(leaves(mine[name]))
                for key, value in leaves(values):
                    mixed = any(
                        (part, at) == (name, number) and key[: len(path)] == path
                        for part, at, _, path in chosen
                    )
                    wanted = weight * given[key] + (1 - weight) * kept[key] if mixed else kept[key]
                    assert value == pytest.approx(wanted, abs=1e-6)
                    if weight in (0, 1) or not mixed:
                        assert value == wanted


def test_the_whole_of_another_state_at_weight_one_is_that_state():
    own, other = random_state(LSTM, 1), random_state(LSTM, 2)
    what = [[part, layer, None] for layer in (0, 1) for part in ("h", "c")]
    assert blended(own, other, what, 1, LSTM).sha256() == other.sha256()
    assert blended(own, other, what, 0, LSTM).sha256() == own.sha256()


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"set": [["c", 0, 0, 1.0]], "scale": [["c", 0, 0, 1.0]]},
        {"forget": [["c", 0, 0, 1.0]]},
        {"set": []},
        {"set": None},
        {"set": {"c": 1}},
        {"set": [["c", 0, 0, 1.0]] * (MOST_ENTRIES + 1)},
        {"set": [["c", 0, 0]]},
        {"set": [["c", 0, 0, 1.0, 2]]},
        {"set": ["c000"]},
        {"set": [["x", 0, 0, 1.0]]},
        {"set": [[["c"], 0, 0, 1.0]]},
        {"set": [[None, 0, 0, 1.0]]},
        {"set": [["c", 2, 0, 1.0]]},
        {"set": [["c", -1, 0, 1.0]]},
        {"set": [["c", True, 0, 1.0]]},
        {"set": [["c", 0.0, 0, 1.0]]},
        {"set": [["c", 0, 6, 1.0]]},
        {"set": [["c", 0, -1, 1.0]]},
        {"set": [["c", 0, True, 1.0]]},
        {"set": [["c", 0, [], 1.0]]},
        {"set": [["c", 0, [0, 0], 1.0]]},
        {"set": [["c", 0, "0", 1.0]]},
        {"set": [["c", 0, 0, float("nan")]]},
        {"set": [["c", 0, 0, float("inf")]]},
        {"set": [["c", 0, 0, 1e7]]},
        {"set": [["c", 0, 0, 10**400]]},
        {"set": [["c", 0, 0, True]]},
        {"set": [["c", 0, 0, "1"]]},
        {"set": [["c", 0, 0, None]]},
        {"clamp": [["c", 0, 0, -1]]},
    ],
)
def test_anything_else_is_refused_in_a_sentence(change):
    with pytest.raises(StateEditError) as raised:
        parse_edit(change, LSTM)
    assert str(raised.value).endswith(".")


def test_values_cannot_grow_without_bound():
    state = edited(random_state(LSTM, 1), {"set": [["c", 0, None, 1e6]]}, LSTM)
    with pytest.raises(StateEditError):
        edited(state, {"scale": [["c", 0, 1, 2]]}, LSTM)
    with pytest.raises(StateEditError):  # exp(m) would overflow
        edited(random_state(XLSTM, 1), {"set": [["m", 1, 0, 100]]}, XLSTM)


def test_a_change_needs_the_very_state_that_it_was_made_with():
    own, other = random_state(LSTM, 1), random_state(LSTM, 2)
    parameters = {"what": [["c", 1, None]], "weight": 1, "sha256": other.sha256()}
    after = changed(own, "transplant", parameters, other, LSTM)
    assert torch.equal(after.part("c")[1], other.part("c")[1])
    assert changed(own, "mind_file", parameters, other, LSTM).sha256() == other.sha256()
    for kind, given in (("transplant", own), ("transplant", None), ("blend", other), ("x", other)):
        with pytest.raises(StateEditError):
            changed(own, kind, parameters, given, LSTM)
