"""A task of the test's own is trained, resumed, measured and published by the program's loop."""

import random
from pathlib import Path

import pytest

from memory_app.core.data.dialogues import Source
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks import CHAT, task_named, task_names
from memory_app.core.training.run import run
from tests.core.tasks.mood import LABELS, Mood
from tests.core.training.test_trainer import Curve

GLAD = ("lovely", "great", "sweet", "bright")
SAD = ("awful", "bad", "bitter", "dark")
THINGS = ("day", "film", "meal", "song", "book", "walk")


def rows(seed: int, count: int) -> list[list[tuple[str, str]]]:
    draw = random.Random(seed)
    made = []
    for _ in range(count):
        glad = draw.random() < 0.5
        text = f"a {draw.choice(GLAD if glad else SAD)} {draw.choice(THINGS)}"
        made.append([("user", text), ("bot", LABELS[0 if glad else 1])])
    return made


SOURCE = Source("reviews", rows(1, 400), rows(2, 40))
SETTINGS = TrainingSettings().changed(
    {
        "vocab_size": 300,
        "embedding_dim": 24,
        "hidden_size": 32,
        "num_layers": 1,
        "steps": 200,
        "warmup": 5,
        "batch_tokens": 256,
        "window": 32,
        "learning_rate": 4e-3,
        "facts": 0.0,
        "identity": 0.0,
        "evaluate_every": 100,
        "save_every": 50,
        "precision": "float32",
        "dropout": 0.0,
    }
)


def test_it_learns_and_its_checkpoint_says_what_it_is_for(tmp_path: Path) -> None:
    task = Mood()
    result = run(task, SETTINGS, [SOURCE], tmp_path, name="reviews")
    assert result.finished
    assert result.checkpoint is not None
    loaded = load_checkpoint(result.checkpoint)
    assert loaded.config["task"] == "mood"
    assert task.metrics(loaded, [SOURCE])["accuracy"] >= 0.95
    assert loaded.config["training"]["recall"]["accuracy"] >= 0.95


def test_a_run_that_was_broken_off_ends_in_the_same_weights(tmp_path: Path) -> None:
    short = SETTINGS.changed({"steps": 60})
    whole = run(Mood(), short, [SOURCE], tmp_path / "whole")
    part = run(Mood(), short, [SOURCE], tmp_path / "part", [Curve(stop_at=31)])
    assert not part.finished
    rest = run(Mood(), short, [SOURCE], tmp_path / "part", resume=True)
    assert rest.sha256 == whole.sha256


def test_the_tasks_are_those_that_a_setting_may_name() -> None:
    names = ("chat", "sentiment", "completion", "translation", "speech")
    assert task_names() == names == TrainingSettings().declared()["task"].choices
    assert task_named("chat") is CHAT
    assert [task_named(name).serves_chats for name in task_names()] == [True] + [False] * 4
    with pytest.raises(KeyError):
        task_named("mood")
