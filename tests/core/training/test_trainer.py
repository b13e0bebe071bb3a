"""A run that was broken off and resumed is the run that never stopped, to the bit."""

import math
from pathlib import Path

import pytest
import torch

from memory_app.core.data.dialogues import Source
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks import CHAT
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.callbacks import Callback, Interrupted, Watcher
from memory_app.core.training.optimizer import learning_rate
from memory_app.core.training.resume_file import SaveError
from memory_app.core.training.run import run
from memory_app.core.training.run import train_from_sources as train
from memory_app.core.training.trainer import TrainingError

pytestmark = pytest.mark.slow

# A run ends with a batch, so none may be as long as a run: dialogues are cut at five windows.
SMALL = TrainingSettings().changed(
    {
        "max_dialogue": 120,
        "vocab_size": 400,
        "embedding_dim": 12,
        "hidden_size": 16,
        "num_layers": 2,
        "dropout": 0.2,
        "steps": 40,
        "batch_tokens": 512,
        "window": 24,
        "warmup": 5,
        "pool_tokens": 4000,
        "evaluate_every": 15,
        "save_every": 6,
        "precision": "float32",
        "max_gap": 2,
        "learning_rate": 0.01,
        "chain": "",
        "bot_only": "",
    }
)
TALK = [
    [
        ("user", f"Do you like number {n}?"),
        ("bot", f"Yes, {n} is nice."),
        ("user", "ok"),
        ("bot", "!"),
    ]
    for n in range(40)
]
SOURCE = Source("talk", TALK[:30], TALK[30:])
TOKENIZER = Tokenizer.train([text for dialogue in TALK for _, text in dialogue], 300)


class Curve(Watcher):
    """Keeps every loss; may cut the power at a step."""

    def __init__(self, die_at: int | None = None, stop_at: int | None = None) -> None:
        self.losses: dict[int, float] = {}
        self.evaluated: list[int] = []
        self.validated: list[int] = []
        self.die_at, self.stop_at = die_at, stop_at

    def on_step(self, step: int, metrics: dict[str, float]) -> bool | None:
        if step == self.die_at:
            raise KeyboardInterrupt
        self.losses[step] = metrics["loss"]
        return step == self.stop_at

    def on_evaluate(self, step: int, model: torch.nn.Module) -> None:
        assert not model.training
        self.evaluated.append(step)

    def on_validation(self, step: int, bits_per_byte) -> None:
        self.validated.append(step)
        assert set(bits_per_byte) == {"talk"}


def weights(result) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in result.model.parameters()])


@pytest.mark.parametrize("die_at", [3, 7, 23, 39])
def test_a_killed_run_resumes_to_the_same_curve_and_weights(tmp_path: Path, die_at: int) -> None:
    whole, broken, rest = Curve(), Curve(die_at=die_at), Curve()
    unbroken = train(CHAT, SMALL, [SOURCE], TOKENIZER, tmp_path / "a", [whole])
    with pytest.raises(KeyboardInterrupt):
        train(CHAT, SMALL, [SOURCE], TOKENIZER, tmp_path / "b", [broken])
    torch.rand(100)  # whatever else drew random numbers in between
    resumed = train(CHAT, SMALL, [SOURCE], TOKENIZER, tmp_path / "b", [rest], resume=True)
    for step, loss in rest.losses.items():
        assert loss == pytest.approx(whole.losses[step], abs=1e-6)
    assert torch.equal(weights(unbroken), weights(resumed))
    assert unbroken.finished
    assert resumed.step == unbroken.step == SMALL.optimisation.steps


def test_a_cancelled_run_keeps_a_save_and_goes_on_later(tmp_path: Path) -> None:
    whole = train(CHAT, SMALL, [SOURCE], TOKENIZER, tmp_path / "a")
    part = train(CHAT, SMALL, [SOURCE], TOKENIZER, tmp_path / "b", [Curve(stop_at=12)])
    assert 12 <= part.step < SMALL.optimisation.steps
    assert not part.finished
    rest = train(CHAT, SMALL, [SOURCE], TOKENIZER, tmp_path / "b", resume=True)
    assert torch.equal(weights(whole), weights(rest))


class BreakingOff(Curve):
    """Ends the run within its first evaluation."""

    def on_evaluate(self, step: int, model: torch.nn.Module) -> None:
        raise Interrupted


@pytest.mark.parametrize("every", [1, 5, 7, 15, 40])
def test_a_run_that_ends_within_an_evaluation_keeps_its_step(tmp_path: Path, every: int) -> None:
    settings = SMALL.changed({"evaluate_every": every, "save_every": 1000})
    unbroken, rest = Curve(), Curve()
    whole = train(CHAT, settings, [SOURCE], TOKENIZER, tmp_path / "a", [unbroken])
    ended = train(CHAT, settings, [SOURCE], TOKENIZER, tmp_path / "b", [BreakingOff()])
    assert (ended.step, ended.finished) == (every, False)
    resumed = train(CHAT, settings, [SOURCE], TOKENIZER, tmp_path / "b", [rest], resume=True)
    assert rest.evaluated == unbroken.evaluated
    assert rest.losses == {step: loss for step, loss in unbroken.losses.items() if step > every}
    assert torch.equal(weights(whole), weights(resumed))


def test_a_save_within_a_batch_of_other_dialogues_begins_the_batch_again(tmp_path: Path) -> None:
    settings = SMALL.changed({"evaluate_every": 7})
    train(CHAT, settings, [SOURCE], TOKENIZER, tmp_path, [BreakingOff()])
    fewer = settings.changed({"batch_tokens": 256})
    assert train(CHAT, fewer, [SOURCE], TOKENIZER, tmp_path, resume=True).finished


def test_a_save_beyond_its_pool_goes_on_with_the_next_one(tmp_path: Path) -> None:
    """A release that writes other dialogues cuts the pool that a paused run was in otherwise."""
    train(CHAT, SMALL, [SOURCE], TOKENIZER, tmp_path, [Curve(stop_at=7)])
    fewer = SMALL.changed({"batch_tokens": 4096})
    rest = train(CHAT, fewer, [SOURCE], TOKENIZER, tmp_path, resume=True)
    assert rest.finished


def test_the_loss_falls(tmp_path: Path) -> None:
    curve = Curve()
    settings = SMALL.changed(
        {"steps": 150, "facts": 0, "identity": 0, "dropout": 0, "learning_rate": 0.04}
    )
    train(CHAT, settings, [SOURCE], TOKENIZER, tmp_path, [curve])
    losses = list(curve.losses.values())
    assert sum(losses[-10:]) < 0.5 * sum(losses[:10])


def test_facts_alone_are_enough_to_learn_from(tmp_path: Path) -> None:
    settings = SMALL.changed({"steps": 3, "facts": 0.9, "identity": 0.1})
    assert train(CHAT, settings, [], TOKENIZER, tmp_path).step == 3


def test_nothing_to_learn_from_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nothing to train on"):
        train(CHAT, SMALL.changed({"facts": 0, "identity": 0}), [], TOKENIZER, tmp_path)


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_last_save(tmp_path: Path) -> None:
    class Poison(Callback):
        def on_evaluate(self, step: int, model: torch.nn.Module) -> None:
            if step == 15:
                model.head.bias.fill_(math.nan)

    with pytest.raises(TrainingError, match="not finite"):
        train(CHAT, SMALL, [SOURCE], TOKENIZER, tmp_path, [Poison()])
    resumed = train(CHAT, SMALL, [SOURCE], TOKENIZER, tmp_path, resume=True)
    assert torch.isfinite(weights(resumed)).all()


def test_a_save_of_another_model_is_refused(tmp_path: Path) -> None:
    train(CHAT, SMALL.changed({"steps": 2}), [SOURCE], TOKENIZER, tmp_path)
    with pytest.raises(SaveError):
        train(CHAT, SMALL.changed({"hidden_size": 20}), [SOURCE], TOKENIZER, tmp_path, resume=True)


def test_the_rate_warms_up_and_decays_to_its_floor() -> None:
    rates = [
        learning_rate(SMALL.optimisation, step) for step in range(SMALL.optimisation.steps + 1)
    ]
    assert rates[0] == pytest.approx(0.01 / 5)
    assert max(rates) == pytest.approx(0.01)
    assert rates[-1] == pytest.approx(0.01 * SMALL.optimisation.final_learning_rate)
    assert rates[5:] == sorted(rates[5:], reverse=True)


def test_a_run_publishes_a_checkpoint_that_loads(tmp_path: Path) -> None:
    curve = Curve()
    result = run(CHAT, SMALL, [SOURCE], tmp_path, [curve], name="small", data=[{"name": "talk"}])
    assert result.finished
    assert result.checkpoint is not None
    loaded = load_checkpoint(result.checkpoint)
    assert loaded.sha256 == result.sha256
    assert loaded.config["name"] == "small"
    assert loaded.config["data"] == [{"name": "talk"}]
    assert loaded.config["training"]["steps"] == SMALL.optimisation.steps
    assert curve.evaluated == curve.validated == [15, 30, 40]
    assert result.validation["talk"] > 0


def test_a_run_ended_early_publishes_nothing_and_resumes(tmp_path: Path) -> None:
    first = run(CHAT, SMALL, [SOURCE], tmp_path, [Curve(stop_at=9)])
    assert (first.finished, first.checkpoint) == (False, None)
    assert not (tmp_path / "checkpoint").exists()
    assert run(CHAT, SMALL, [SOURCE], tmp_path, resume=True).finished
