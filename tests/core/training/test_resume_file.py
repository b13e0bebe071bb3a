"""A resumable save on disk: one file a holder, the newest counts, none is ever torn."""

import contextlib
import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from memory_app.core.tasks import CHAT
from memory_app.core.training import resume_file as saves
from memory_app.core.training.resume_file import (
    SaveError,
    newest_save,
    read_save,
    remove_saves,
    save_file,
    write_save,
)
from memory_app.core.training.run import train_from_sources as train
from tests.core.training.test_trainer import SMALL, SOURCE, TOKENIZER, Curve, weights


def model_of(value: float) -> tuple[torch.nn.Linear, torch.optim.AdamW]:
    model = torch.nn.Linear(64, 64)
    with torch.no_grad():
        model.weight.fill_(value)
    return model, torch.optim.AdamW(model.parameters())


def put(folder: Path, fence: int, step: int) -> None:
    write_save(folder, *model_of(step), {"step": step}, fence=fence)


def step_of(folder: Path) -> int:
    model, optimizer = model_of(0)
    position = read_save(folder, model, optimizer)
    assert position is not None
    assert float(model.weight.detach()[0, 0]) == position["step"]
    return int(position["step"])


def test_a_holder_that_was_taken_over_cannot_touch_the_save_of_the_next(tmp_path: Path) -> None:
    put(tmp_path, fence=3, step=10)
    assert step_of(tmp_path) == 10  # what the next one begins with
    put(tmp_path, fence=4, step=20)
    put(tmp_path, fence=3, step=30)  # it doesn't know yet
    assert step_of(tmp_path) == 20
    put(tmp_path, fence=4, step=25)
    assert [path.name for path in tmp_path.iterdir()] == ["save-000004.safetensors"]


def test_fences_are_compared_as_numbers(tmp_path: Path) -> None:
    for fence in (0, 9, 10, 1_000_000):
        put(tmp_path, fence=fence, step=fence)
        assert newest_save(tmp_path) == save_file(tmp_path, fence)


def test_what_a_kill_left_half_written_is_not_read_and_goes(tmp_path: Path) -> None:
    put(tmp_path, fence=1, step=5)
    torn = tmp_path / ".save-000002.safetensors.part"
    torn.write_bytes(b"half")
    (tmp_path / "tokenizer.json").write_text("stays")
    assert step_of(tmp_path) == 5
    put(tmp_path, fence=3, step=6)
    assert not torn.exists()
    remove_saves(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["tokenizer.json"]


def test_a_damaged_save_is_one_sentence(tmp_path: Path) -> None:
    put(tmp_path, fence=1, step=5)
    save_file(tmp_path, 1).write_bytes(b"\xff" * 100)
    with pytest.raises(SaveError, match="damaged"):
        step_of(tmp_path)


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_disk_that_takes_no_more_leaves_the_last_good_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    put(tmp_path, fence=1, step=5)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os if failing == "fsync" else Path, failing, full)
        with pytest.raises(SaveError, match="step 6 couldn't be written: No space left"):
            put(tmp_path, fence=1, step=6)
    assert [path.name for path in tmp_path.iterdir()] == ["save-000001.safetensors"]
    assert step_of(tmp_path) == 5


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, soon full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "gatescope", str(folder)],
            check=False,
            capture_output=True,
        ).returncode
    )
    if not mounted:
        pytest.skip("no disk can be mounted here; the simulated one above is what was tested")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_run_on_a_full_disk_ends_with_a_reason_and_goes_on_when_there_is_room(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Saves by steps alone, so that the same one fails on every machine.
    monkeypatch.setattr("memory_app.core.training.trainer.SAVE_SECONDS", 1e9)
    settings = SMALL
    whole = train(CHAT, settings, [SOURCE], TOKENIZER, small_disk.parent / "whole")
    ballast = small_disk / "ballast"
    filled = Filled(ballast, at=25)
    with pytest.raises(SaveError, match="No space left"):
        train(CHAT, settings, [SOURCE], TOKENIZER, small_disk, [filled])
    assert newest_save(small_disk) is not None
    ballast.unlink()
    assert not list(small_disk.glob(".save*"))
    resumed = train(CHAT, settings, [SOURCE], TOKENIZER, small_disk, resume=True)
    assert torch.equal(weights(whole), weights(resumed))


class Filled(Curve):
    """Somebody else fills the disk from a step on, once there is a save."""

    def __init__(self, ballast: Path, at: int) -> None:
        super().__init__()
        self.ballast, self.at = ballast, at

    def on_step(self, step: int, metrics: dict[str, float]) -> bool | None:
        saved = newest_save(self.ballast.parent) is not None
        if step >= self.at and saved and not self.ballast.exists():
            with self.ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * 4096)
        return super().on_step(step, metrics)


def test_saves_by_the_clock_do_not_change_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memory_app.core.training.trainer.SAVE_SECONDS", 1e9)
    rare = train(CHAT, SMALL, [SOURCE], TOKENIZER, tmp_path / "a")
    monkeypatch.setattr("memory_app.core.training.trainer.SAVE_SECONDS", 0)
    monkeypatch.setattr("memory_app.core.training.trainer.SAVE_COSTS", 0)
    often = train(CHAT, SMALL, [SOURCE], TOKENIZER, tmp_path / "b")
    assert torch.equal(weights(rare), weights(often))
    assert saves.newest_save(tmp_path / "b") is not None
