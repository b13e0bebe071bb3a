"""A state and its bytes are one thing; damaged bytes are none."""

import hashlib
import struct

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save

from memory_app.core.model.config import ModelConfig
from memory_app.core.model.state import State, StateError

CONFIG = ModelConfig(10, 4, 3, 2)
SIZE = 2 * 2 * 3
finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


def state_of(values: list[float]) -> State:
    both = torch.tensor(values).view(2, 2, 1, 3)
    return State.of_parts(h=both[0], c=both[1])


@given(st.lists(finite, min_size=SIZE, max_size=SIZE))
def test_bytes_come_back_to_the_bit(values: list[float]) -> None:
    state = state_of(values)
    data = state.to_bytes()
    assert data == struct.pack(f"<{SIZE}f", *values)
    again = State.from_bytes(data, CONFIG)
    assert again.to_bytes() == data
    assert state.sha256() == hashlib.sha256(data).hexdigest()


@given(st.binary(max_size=SIZE * 8))
def test_bytes_of_another_size_or_not_finite_are_refused(data: bytes) -> None:
    try:
        state = State.from_bytes(data, CONFIG)
    except StateError:
        return
    assert len(data) == SIZE * 4
    assert torch.isfinite(state.part("h")).all()
    assert torch.isfinite(state.part("c")).all()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("place", range(SIZE))
def test_one_value_that_is_not_finite_is_found_anywhere(bad: float, place: int) -> None:
    values = [0.5] * SIZE
    values[place] = bad
    with pytest.raises(StateError, match="not finite"):
        State.from_bytes(struct.pack(f"<{SIZE}f", *values), CONFIG)


def test_a_mind_file_has_h_and_c_and_comes_back() -> None:
    state = state_of([float(x) for x in range(SIZE)])
    data = state.to_safetensors({"turn": "t", "tokens_seen": "4"}, CONFIG)
    tensors = load(data)
    assert {k: tuple(v.shape) for k, v in tensors.items()} == {"h": (2, 3), "c": (2, 3)}
    assert State.from_safetensors(data, CONFIG).sha256() == state.sha256()


@pytest.mark.parametrize(
    "tensors",
    [
        {"h": torch.zeros(2, 3)},
        {"h": torch.zeros(2, 3), "c": torch.zeros(2, 3), "x": torch.zeros(1)},
        {"h": torch.zeros(2, 3), "c": torch.zeros(3, 2)},
        {"h": torch.zeros(2, 3, dtype=torch.float64), "c": torch.zeros(2, 3)},
        {"h": torch.zeros(2, 3), "c": torch.full((2, 3), float("nan"))},
    ],
)
def test_a_mind_file_of_another_form_is_refused(tensors: dict) -> None:
    with pytest.raises(StateError):
        State.from_safetensors(save(tensors), CONFIG)


def test_rows_side_by_side_come_apart_again() -> None:
    states = [state_of([float(n)] * SIZE) for n in range(4)]
    together = State.cat(states)
    assert together.batch == 4
    for row, state in enumerate(states):
        assert together.select(row).to_bytes() == state.to_bytes()
    with pytest.raises(StateError):
        together.to_bytes()


def test_a_selected_row_shares_no_memory() -> None:
    together = State.zeros(CONFIG, 2)
    row = together.select(0)
    row.layers[0]["h"].fill_(1)
    assert not together.part("h").any()
