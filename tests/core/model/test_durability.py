"""What is saved outlasts a power cut: every file and then every folder is synced."""

import os
from pathlib import Path

import pytest
import torch

from memory_app.core.atomic_files import sync
from memory_app.core.model.checkpoint import save_checkpoint
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The name and size of each file at the moment when it was synced."""
    seen: list[tuple[str, int]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        target = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        seen.append((target.name, -1 if target.is_dir() else os.fstat(descriptor).st_size))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return seen


pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="reads /proc")


def test_each_file_of_a_checkpoint_is_synced_whole(tmp_path: Path, synced: list) -> None:
    tokenizer = Tokenizer.train(["hello there"], 270)
    torch.manual_seed(1)
    model = LanguageModel(
        ModelConfig(tokenizer.vocab_size, embedding_dim=8, hidden_size=8, num_layers=1)
    )
    save_checkpoint(tmp_path / "saved", model, tokenizer, {"name": "x"})
    sizes = {file.name: file.stat().st_size for file in (tmp_path / "saved").iterdir()}
    assert len(sizes) == 3
    assert sizes.items() <= set(synced)
    # The folder that names them comes after them.
    folders = [index for index, (_, size) in enumerate(synced) if size == -1]
    assert len(folders) >= 2
    assert synced[-1] == (tmp_path.name, -1)  # the rename, last
    assert max(folders) > max(i for i, (name, _) in enumerate(synced) if name in sizes)


def test_sync_reaches_the_disk(tmp_path: Path, synced: list) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    sync(tmp_path / "file")
    sync(tmp_path)
    assert synced == [("file", 3), (tmp_path.name, -1)]
