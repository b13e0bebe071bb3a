"""A checkpoint folder: what is saved loads, what is damaged or hostile is refused in a sentence."""

import hashlib
import json
import pickle
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from memory_app.core.model.checkpoint import (
    CONFIG_FILE,
    MODEL_FILE,
    TOKENIZER_FILE,
    CheckpointError,
    load_checkpoint,
    save_checkpoint,
)
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer

TOKENIZER = Tokenizer.train(["hello there, my name is Clara"], 280)


def model_of(**changes) -> LanguageModel:
    torch.manual_seed(3)
    sizes = {"embedding_dim": 12, "hidden_size": 16, "num_layers": 2, **changes}
    return LanguageModel(ModelConfig(vocab_size=TOKENIZER.vocab_size, **sizes)).eval()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "checkpoint"
    save_checkpoint(target, model_of(), TOKENIZER, {"name": "a test"})
    return target


@pytest.mark.parametrize(
    "changes",
    [{}, {"tied": False}, {"embedding_dim": 16}, {"cell": "tanh_rnn"}, {"cell": "article_lstm"}],
)
def test_what_was_saved_loads_to_the_bit(tmp_path: Path, changes: dict) -> None:
    model = model_of(**changes)
    sha256 = save_checkpoint(tmp_path / "x", model, TOKENIZER, {"name": "x"})
    loaded = load_checkpoint(tmp_path / "x")
    assert loaded.sha256 == sha256
    assert sha256 == hashlib.sha256((tmp_path / "x" / MODEL_FILE).read_bytes()).hexdigest()
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], value)
    assert loaded.config["name"] == "x"
    assert not loaded.model.training


def test_names_are_those_of_torch_nn_lstm(folder: Path) -> None:
    names = set(load_file(folder / MODEL_FILE))
    layers = {f"lstm.{k}" for k, _ in torch.nn.LSTM(12, 16, 2).named_parameters()}
    assert names == layers | {"embedding.weight", "head.bias", "projection.weight"}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_cast_to_float32(tmp_path: Path, dtype: torch.dtype) -> None:
    model = model_of()
    save_checkpoint(tmp_path / "x", model, TOKENIZER, dtype=dtype)
    loaded = load_checkpoint(tmp_path / "x").model
    assert loaded.embedding.weight.dtype == torch.float32
    assert torch.equal(loaded.embedding.weight, model.embedding.weight.to(dtype).float())


def test_a_checkpoint_is_never_rewritten_and_leaves_no_part_behind(folder: Path) -> None:
    with pytest.raises(CheckpointError, match="already exists"):
        save_checkpoint(folder, model_of(), TOKENIZER)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def change_config(folder: Path, **changes) -> None:
    path = folder / CONFIG_FILE
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, **changes}))


def change_tensors(folder: Path, **changes: torch.Tensor | None) -> None:
    path = folder / MODEL_FILE
    tensors = load_file(path)
    for name, value in changes.items():
        name = name.replace("__", ".")
        if value is None:
            tensors.pop(name)
        else:
            tensors[name] = value
    save_file(tensors, path)


def with_header(folder: Path, header: bytes, size: int | None = None, tail: bytes = b"") -> None:
    size = len(header) if size is None else size
    (folder / MODEL_FILE).write_bytes(struct.pack("<Q", size) + header + tail)


def with_dtypes(folder: Path, dtype: object) -> None:
    data = (folder / MODEL_FILE).read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = {k: v for k, v in json.loads(data[8 : 8 + size]).items() if k != "__metadata__"}
    changed = {name: {**entry, "dtype": dtype} for name, entry in header.items()}
    with_header(folder, json.dumps(changed).encode(), tail=data[8 + size :])


V = TOKENIZER.vocab_size
HOSTILE = {
    "no model": lambda f: (f / MODEL_FILE).unlink(),
    "no config": lambda f: (f / CONFIG_FILE).unlink(),
    "no tokenizer": lambda f: (f / TOKENIZER_FILE).unlink(),
    "a pickle": lambda f: (f / MODEL_FILE).write_bytes(pickle.dumps({"h": 1})),
    "an empty file": lambda f: (f / MODEL_FILE).write_bytes(b""),
    "a giant header": lambda f: with_header(f, b"{}", size=2**62),
    "a long header": lambda f: with_header(f, b" " * (2 << 20), tail=b"x"),
    "a header that is no object": lambda f: with_header(f, b"[1]"),
    "a header of deep nesting": lambda f: with_header(f, b"[" * 100_000),
    "ten thousand tensors": lambda f: with_header(
        f,
        json.dumps(
            {str(n): {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(10_000)}
        ).encode(),
    ),
    "truncated": lambda f: (f / MODEL_FILE).write_bytes((f / MODEL_FILE).read_bytes()[:-3]),
    "NaN": lambda f: change_tensors(f, head__bias=torch.full((V,), float("nan"))),
    "infinity": lambda f: change_tensors(f, lstm__bias_ih_l0=torch.full((64,), float("inf"))),
    "a missing tensor": lambda f: change_tensors(f, lstm__bias_ih_l1=None),
    "one tensor more": lambda f: change_tensors(f, extra=torch.zeros(1)),
    "another shape": lambda f: change_tensors(f, head__bias=torch.zeros(V + 1)),
    "another dtype": lambda f: change_tensors(f, head__bias=torch.zeros(V, dtype=torch.float64)),
    "dtypes that are lists": lambda f: with_dtypes(f, []),
    "another vocabulary": lambda f: change_config(f, vocab_size=V + 1),
    "a size of true": lambda f: change_config(f, num_layers=True),
    "a size of 10^12": lambda f: change_config(f, hidden_size=10**12),
    "an unknown cell": lambda f: change_config(f, cell="gru"),
    "another format": lambda f: change_config(f, format_version=99),
    "config that is a list": lambda f: (f / CONFIG_FILE).write_text("[]"),
    "config that is no JSON": lambda f: (f / CONFIG_FILE).write_text("{"),
    "NaN in the config": lambda f: change_config(f, loss=float("nan")),
    "half a character in the config": lambda f: change_config(f, name="\ud800"),
    "config of deep nesting": lambda f: (f / CONFIG_FILE).write_text("[" * 200_000),
    "a tokenizer that is none": lambda f: (f / TOKENIZER_FILE).write_text("{}"),
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_damaged_or_hostile_folder_is_refused_in_one_sentence(folder: Path, attack: str) -> None:
    HOSTILE[attack](folder)
    with pytest.raises(CheckpointError) as refused:
        load_checkpoint(folder)
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    (folder / MODEL_FILE).rename(real)
    (folder / MODEL_FILE).symlink_to(real)
    with pytest.raises(CheckpointError, match="regular file"):
        load_checkpoint(folder)


def test_no_byte_changed_goes_unnoticed_or_crashes(folder: Path) -> None:
    data = (folder / MODEL_FILE).read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    before = load_checkpoint(folder).sha256
    for place in range(0, 8 + size, 7):
        changed = bytearray(data)
        changed[place] ^= 0x55
        (folder / MODEL_FILE).write_bytes(changed)
        try:
            assert load_checkpoint(folder).sha256 != before
        except CheckpointError:
            continue
