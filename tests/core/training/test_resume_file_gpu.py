"""A GPU has a generator of its own, which dropout draws from: its state goes through the save.

Nothing here needs a GPU: what torch would ask of one is answered by the test.
"""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from memory_app.core.tasks import CHAT
from memory_app.core.training.distributed import ALONE, Group
from memory_app.core.training.resume_file import newest_save, read_save, write_save
from memory_app.core.training.run import train_from_sources as train
from tests.core.training.test_resume_file import model_of
from tests.core.training.test_trainer import SMALL, SOURCE, TOKENIZER

CPU, GPU = torch.device("cpu"), torch.device("cuda")
STATES = [torch.arange(16, dtype=torch.uint8), torch.arange(16, 32, dtype=torch.uint8)]


@pytest.fixture
def set_states(monkeypatch: pytest.MonkeyPatch) -> list[tuple[torch.Tensor, torch.device]]:
    """What the GPU's generator was told."""
    told: list[tuple[torch.Tensor, torch.device]] = []
    monkeypatch.setattr(
        torch.cuda, "set_rng_state", lambda state, device: told.append((state, device))
    )
    return told


def names(folder: Path) -> set[str]:
    path = newest_save(folder)
    assert path is not None
    return {name for name in load_file(path) if name.startswith("rng")}


@pytest.mark.parametrize("rank", [0, 1])
def test_each_process_gets_its_own_state_back(
    tmp_path: Path, set_states: list[tuple[torch.Tensor, torch.device]], rank: int
) -> None:
    write_save(
        tmp_path,
        *model_of(1),
        {"step": 3},
        generators=[torch.get_rng_state()],
        device_generators=STATES,
    )
    assert names(tmp_path) == {"rng", "rng/1", "rng/cuda/0", "rng/cuda/1"}
    assert read_save(tmp_path, *model_of(0), rank=rank, device=GPU) is not None
    ((state, device),) = set_states
    assert torch.equal(state, STATES[rank])
    assert device == GPU


def test_a_save_of_before_loads_and_leaves_the_generator_as_it_was_seeded(
    tmp_path: Path, set_states: list[tuple[torch.Tensor, torch.device]]
) -> None:
    write_save(tmp_path, *model_of(1), {"step": 3})
    assert names(tmp_path) == {"rng"}
    position = read_save(tmp_path, *model_of(0), device=GPU)
    assert position is not None
    assert position["step"] == 3
    assert set_states == []


def test_a_save_of_a_gpu_is_gone_on_with_on_a_cpu(
    tmp_path: Path, set_states: list[tuple[torch.Tensor, torch.device]]
) -> None:
    write_save(tmp_path, *model_of(1), {"step": 3}, device_generators=STATES[:1])
    assert read_save(tmp_path, *model_of(0), device=CPU) is not None
    assert set_states == []


def test_a_process_tells_of_its_gpu_and_of_no_other_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: STATES[0])
    assert ALONE.device_generators(CPU) == []
    (state,) = ALONE.device_generators(GPU)
    assert torch.equal(state, STATES[0])


def test_a_training_puts_the_state_into_its_saves_and_takes_it_from_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way through the trainer, with a group whose device only claims to be a GPU."""
    asked: list[torch.device] = []
    monkeypatch.setattr(
        Group, "device_generators", lambda _, device: asked.append(device) or STATES[:1]
    )
    train(CHAT, SMALL, [SOURCE], TOKENIZER, tmp_path)
    assert asked
    assert "rng/cuda/0" in names(tmp_path)
    given: list[torch.device] = []

    def read(*args: object, device: torch.device, **facts: object) -> object:
        given.append(device)
        return read_save(*args, device=device, **facts)  # type: ignore[arg-type]

    monkeypatch.setattr("memory_app.core.training.trainer.read_save", read)
    train(CHAT, SMALL, [SOURCE], TOKENIZER, tmp_path, resume=True)
    assert given == [CPU]
