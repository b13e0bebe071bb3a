"""An xlstm run begins with addresses, above what its starting checkpoint already knows."""

from pathlib import Path

import pytest
import torch

from memory_app.core.cells.xlstm.layers import XLSTMLayers
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.tasks import CHAT
from memory_app.core.training.optimizer import PROJECTION_RATE
from memory_app.core.training.run import run
from tests.core.training.test_trainer import SMALL, SOURCE, Curve

LSTM = SMALL.changed({"num_layers": 1, "steps": 6, "dropout": 0.0})
XLSTM = LSTM.changed({"cell": "xlstm", "num_layers": 2, "steps": 24, "learn": "upper"})


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parent")
    checkpoint = run(CHAT, LSTM, [SOURCE], folder, dtype=torch.float32).checkpoint
    assert checkpoint is not None
    return checkpoint


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """The frequencies with which addresses were opened."""
    seen: list[torch.Tensor] = []
    open_addresses = XLSTMLayers.open_addresses

    def spy(self, embedding, frequencies, *, seed):
        seen.append(frequencies)
        open_addresses(self, embedding, frequencies, seed=seed)

    monkeypatch.setattr(XLSTMLayers, "open_addresses", spy)
    return seen


def test_only_the_layers_above_learn_and_a_resumed_run_is_as_if_never_stopped(
    tmp_path: Path, parent: Path, opened: list[torch.Tensor]
) -> None:
    whole, part, rest = Curve(), Curve(stop_at=5), Curve()
    done = run(
        CHAT, XLSTM, [SOURCE], tmp_path / "whole", [whole], dtype=torch.float32, start_from=parent
    )
    run(CHAT, XLSTM, [SOURCE], tmp_path / "part", [part], start_from=parent)
    assert len(opened) == 2
    run(CHAT, XLSTM, [SOURCE], tmp_path / "part", [rest], start_from=parent, resume=True)
    assert len(opened) == 2  # a save holds them
    assert {**part.losses, **rest.losses} == whole.losses
    before, after = (load_checkpoint(folder).model for folder in (parent, done.checkpoint))
    for name, weight in before.state_dict().items():
        if name.startswith("lstm."):
            name = f"xlstm.{name}"
        if name != "projection.weight":
            assert torch.equal(after.state_dict()[name], weight), name
    begun = torch.cat((before.projection.weight, torch.eye(len(before.projection.weight))), dim=1)
    moved = (after.projection.weight - begun).abs()
    assert moved.gt(0).any()
    steps = XLSTM.optimisation.steps * XLSTM.optimisation.learning_rate
    assert moved.max() < 2 * PROJECTION_RATE * steps
    (most,) = opened[0].topk(1).indices.tolist()
    assert most <= 2  # in a dialogue nothing comes as often as the signs between its turns


def test_a_run_from_an_xlstm_keeps_the_addresses_that_it_has_learned(
    tmp_path: Path, parent: Path, opened: list[torch.Tensor]
) -> None:
    short = XLSTM.changed({"steps": 3})
    first = run(CHAT, short, [SOURCE], tmp_path / "first", start_from=parent)
    run(CHAT, short, [SOURCE], tmp_path / "second", start_from=first.checkpoint)
    run(CHAT, short.changed({"addresses": "random"}), [SOURCE], tmp_path / "x", start_from=parent)
    assert len(opened) == 1


def test_a_run_that_was_ended_before_its_first_save_begins_with_addresses_again(
    tmp_path: Path, parent: Path, opened: list[torch.Tensor]
) -> None:
    short = XLSTM.changed({"steps": 3})
    run(CHAT, short, [SOURCE], tmp_path / "run", start_from=parent, resume=True)
    assert len(opened) == 1
