"""The preview's picture: each unit once, on a scale that one outlier doesn't set."""

import zlib

import numpy as np
import pytest
import torch

from memory_app.core.inspection.state_picture import (
    HEIGHT,
    WIDTH,
    memory_grids,
    robust_scale,
    state_picture,
)
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.state import State

SIZES = {"embedding_dim": 16, "hidden_size": 24, "num_layers": 3}


def random_state(config: ModelConfig) -> State:
    torch.manual_seed(1)
    return State.zeros(config).with_tensors(
        [torch.randn_like(part) for part in State.zeros(config).tensors()]
    )


def test_the_grids_have_every_units_memory_in_its_order():
    config = ModelConfig(300, cell="lstm", **SIZES)
    state = random_state(config)
    for layer, grid in enumerate(memory_grids(state, config)):
        flat = grid.ravel()
        assert flat[:24].tolist() == state.layers[layer]["c"][0].tolist()
        assert np.isnan(flat[24:]).all()


def test_an_outlier_does_not_set_the_scale():
    values = np.append(np.linspace(-1, 1, 999), 1e6)
    assert robust_scale(values) < 1.01
    assert robust_scale(np.zeros(10)) == 1.0


@pytest.mark.parametrize("cell", ["lstm", "xlstm"])
def test_the_picture_is_a_png_of_its_size_with_all_colours_in_use(cell):
    config = ModelConfig(300, cell=cell, **SIZES)
    data = state_picture(random_state(config), config)
    start = data.index(b"IDAT")
    length = int.from_bytes(data[start - 4 : start], "big")
    lines = np.frombuffer(zlib.decompress(data[start + 4 : start + 4 + length]), np.uint8)
    lines = lines.reshape(HEIGHT, WIDTH + 1)
    assert not lines[:, 0].any()
    assert lines[:, 1:].min() < 40
    assert lines[:, 1:].max() > 200
    # The blank memory is the ground alone.
    assert state_picture(State.zeros(config), config) != data
