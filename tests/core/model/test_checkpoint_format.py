"""A folder is checked without torch, and what passes is what torch's model loads."""

import contextlib
import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from memory_app.core.cells import cell_names
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.model.checkpoint_format import (
    MODEL_FILE,
    TOKENIZER_FILE,
    CheckpointError,
    tensor_shapes,
)
from memory_app.core.model.checkpoint_format import check_folder as check
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.sandbox import ConfinedError, run_confined
from memory_app.core.text.tokenizer import Tokenizer, TokenizerError
from tests.conftest import make_checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_checkpoint(tmp_path / "small")
    return tmp_path / "small"


@pytest.mark.parametrize("cell", cell_names())
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("hidden", [12, 16])
def test_the_schema_is_the_models_own_parameters(cell: str, tied: bool, hidden: int) -> None:
    shape = ModelConfig(20, 12, hidden, 3, cell=cell, tied=tied)
    own = {name: tuple(value.shape) for name, value in LanguageModel(shape).state_dict().items()}
    if tied:
        own.pop("head.weight")
    assert tensor_shapes(shape) == own


def test_the_check_and_the_load_agree(folder: Path) -> None:
    checked, loaded = check(folder), load_checkpoint(folder)
    assert (checked.sha256, checked.config) == (loaded.sha256, loaded.config)
    assert checked.shape == loaded.model.config


def test_the_check_needs_no_torch() -> None:
    rooms = "memory_app.core.model.checkpoint_format, memory_app.core.data.ingest"
    program = f"import {rooms}, sys; print(sorted(sys.modules))"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "'numpy'" in ran.stdout
    assert "'torch'" not in ran.stdout
    assert "'django'" not in ran.stdout


def test_the_confined_check_says_what_the_check_says(folder: Path) -> None:
    asked = {"folder": str(folder)}
    answer = run_confined("memory_app.core.model.check_upload", asked, seconds=60)
    assert answer == {"sha256": check(folder).sha256, "name": ""}
    (folder / MODEL_FILE).write_bytes(struct.pack("<Q", 1 << 63) + b"{}")
    with pytest.raises(ConfinedError, match="too large"):
        run_confined("memory_app.core.model.check_upload", asked, seconds=60)


def test_too_much_memory_or_time_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    bomb = json.dumps({"model": {"vocab": {str(n): n for n in range(60_000)}}})
    (folder / TOKENIZER_FILE).write_text(bomb)
    with pytest.raises(ConfinedError, match=r"^It can't be read.*\.$"):
        run_confined(
            "memory_app.core.model.check_upload",
            {"folder": str(folder)},
            seconds=60,
            memory=20 << 20,
        )
    with pytest.raises(ConfinedError, match="time"):
        run_confined("memory_app.core.model.check_upload", {"folder": str(folder)}, seconds=0)


def changed(folder: Path, **changes: object) -> Path:
    path = folder / TOKENIZER_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


def test_harmless_steps_of_a_tokenizer_are_run(folder: Path) -> None:
    path = changed(
        folder,
        normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}]},
        post_processor={
            "type": "ByteLevel",
            "add_prefix_space": False,
            "trim_offsets": True,
            "use_regex": True,
        },
        truncation={
            "direction": "Right",
            "max_length": 2,
            "strategy": "LongestFirst",
            "stride": 0,
        },
    )
    tokenizer = Tokenizer.load(path)
    ids = tokenizer.encode("My name is Clara.")
    assert len(ids) > 2
    assert tokenizer.decode(ids) == "My name is Clara."


def test_a_step_with_a_pattern_of_its_own_is_not(folder: Path) -> None:
    split = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated"}
    nested = {"type": "Sequence", "pretokenizers": [{**split, "invert": False}]}
    with pytest.raises(TokenizerError, match="unsupported pre_tokenizer"):
        Tokenizer.load(changed(folder, pre_tokenizer=nested))


def test_no_byte_of_the_header_that_is_changed_passes_as_the_same(folder: Path) -> None:
    data = (folder / MODEL_FILE).read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    before = check(folder).sha256
    for place in range(0, 8 + size, 11):
        if data[place : place + 1] == b"9":
            continue
        (folder / MODEL_FILE).write_bytes(data[:place] + b"9" + data[place + 1 :])
        with contextlib.suppress(CheckpointError):
            assert check(folder).sha256 != before
