"""The adapter's file: equal adapters have equal bytes; what isn't one is refused."""

import json

import pytest
import torch
from safetensors.torch import load, save

from memory_app.core.model.adapter import Adapter, AdapterError
from memory_app.core.model.config import ModelConfig

SHA256 = "ab" * 32
CONFIG = ModelConfig(97, 16, 32, 2)


def _adapter(**changes):
    torch.manual_seed(0)
    fields = {"up": torch.randn(16, 5), "down": torch.randn(5, 32), "chats": ("b", "a")} | changes
    return Adapter(SHA256, **fields)


def test_it_is_read_back_as_it_was_written():
    adapter = _adapter()
    again = Adapter.read(adapter.data, CONFIG, SHA256)
    assert torch.equal(again.up, adapter.up)
    assert torch.equal(again.down, adapter.down)
    assert again.chats == ("b", "a")
    assert again.sha256 == adapter.sha256
    assert again.data == adapter.data


def test_equal_adapters_have_equal_bytes():
    assert len({_adapter().data for _ in range(50)}) == 1
    assert _adapter().data != _adapter(chats=("a",)).data


def test_any_reader_of_safetensors_can_open_it():
    adapter = _adapter()
    tensors = load(adapter.data)
    assert torch.equal(tensors["up"], adapter.up)
    length = int.from_bytes(adapter.data[:8], "little")
    about = json.loads(adapter.data[8 : 8 + length])["__metadata__"]
    assert about == {
        "format_version": "1",
        "checkpoint_sha256": SHA256,
        "rank": "5",
        "chats": '["b","a"]',
    }


def test_the_change_is_the_product_of_the_factors():
    adapter, outputs = _adapter(), torch.randn(7, 32)
    expected = outputs @ (adapter.up @ adapter.down).T
    assert torch.allclose(adapter.change(outputs), expected, atol=1e-5)


@pytest.mark.parametrize(
    "adapter",
    [
        _adapter(up=torch.randn(15, 5)),
        _adapter(down=torch.randn(5, 33)),
        _adapter(up=torch.randn(16, 4)),
        _adapter(up=torch.randn(16, 65), down=torch.randn(65, 32)),
        _adapter(up=torch.full((16, 5), torch.nan)),
        _adapter(up=torch.randn(16, 5).double()),
        _adapter(up=torch.randn(80), down=torch.randn(5, 32)),
    ],
)
def test_another_shape_or_a_value_that_is_not_finite_is_refused(adapter):
    data = adapter.data if adapter.up.dim() == 2 else _flat(adapter)
    with pytest.raises(AdapterError):
        Adapter.read(data, CONFIG, SHA256)


def _flat(adapter):
    about = {"format_version": "1", "checkpoint_sha256": SHA256, "rank": "5", "chats": "[]"}
    return save({"up": adapter.up, "down": adapter.down}, about)


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"format_version": "2", "checkpoint_sha256": SHA256, "chats": "[]"},
        {"format_version": "1", "checkpoint_sha256": "cd" * 32, "chats": "[]"},
        {"format_version": "1", "checkpoint_sha256": SHA256},
        {"format_version": "1", "checkpoint_sha256": SHA256, "chats": "{"},
    ],
)
def test_another_format_or_checkpoint_is_refused(about):
    data = save({"up": torch.zeros(16, 5), "down": torch.zeros(5, 32)}, about)
    with pytest.raises(AdapterError):
        Adapter.read(data, CONFIG, SHA256)


@pytest.mark.parametrize("data", [b"", b"12345678", b"\xff" * 64, b"\x02\0\0\0\0\0\0\0[]"])
def test_bytes_that_are_no_safetensors_file_are_refused(data):
    with pytest.raises(AdapterError):
        Adapter.read(data, CONFIG, SHA256)


def test_a_file_with_further_tensors_is_refused():
    about = {"format_version": "1", "checkpoint_sha256": SHA256, "chats": "[]"}
    tensors = {"up": torch.zeros(16, 5), "down": torch.zeros(5, 32), "more": torch.zeros(1)}
    with pytest.raises(AdapterError):
        Adapter.read(save(tensors, about), CONFIG, SHA256)
