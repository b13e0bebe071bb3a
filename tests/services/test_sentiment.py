"""Sentiment from corpus to figures: imported, trained, evaluated, exported and imported again."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from memory_app import registry
from memory_app.models import Checkpoint, TrainingMetric
from memory_app.services.training.metrics import figures_of
from tests.core.tasks.test_sentiment import rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
TINY = (
    *("vocab_size=300", "embedding_dim=16", "hidden_size=12", "steps=40", "evaluate_every=20"),
    *("learning_rate=0.01", "warmup=5", "precision=float32", "batch_texts=32"),
)


def command(*words: str) -> dict:
    out = io.StringIO()
    call_command(*words, "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    for split, seed, count in (("train", 1, 300), ("valid", 2, 60)):
        path = tmp_path / f"{split}.jsonl"
        lines = [{"text": row[0][1], "label": row[1][1]} for row in rows(seed, count)]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
        report = command("import_corpus", str(path), "--name", "reviews", "--split", split)
        assert report["refused"] == 0
    return "reviews"


def test_the_whole_way(corpus: str, tmp_path: Path, settings) -> None:
    trained = command("train", "--task", "sentiment", "--corpus", corpus, "--set", *TINY)
    assert trained["run"]["preset"] == "sentiment"
    assert trained["metrics"]["validation"]["accuracy/reviews"] > 0.9
    curves = TrainingMetric.objects.filter(name="accuracy/reviews").order_by("step")
    assert [point.step for point in curves] == [20, 40]
    assert not list(Path(settings.DATA_DIR).glob("runs/*/best.safetensors"))
    name = trained["checkpoint"]["id"]
    figures = command("evaluate", "--checkpoint", name, "--corpus", corpus)["sentiment"]
    assert {"accuracy", "precision", "recall", "f1", "confusion", "n"} <= figures.keys()
    row = Checkpoint.objects.get(pk=name)
    assert (row.task, row.serves_chats) == ("sentiment", False)
    assert figures_of(row)["sentiment/accuracy"].n == 60
    command("checkpoints", "export", name, str(tmp_path / "out"))
    assert "validation accuracy" in (tmp_path / "out" / "README.md").read_text()
    Checkpoint.objects.all().update(parent=None)
    call_command("checkpoints", "delete", name)
    back = command("checkpoints", "import", str(tmp_path / "out"))
    assert back["checkpoint"]["sha256"] == trained["checkpoint"]["sha256"]
    with pytest.raises(registry.RegistryError, match="trained for sentiment"):
        registry.promote(Checkpoint.objects.get(sha256=back["checkpoint"]["sha256"]))


def test_an_evaluation_says_what_it_lacks(corpus: str, tmp_path: Path) -> None:
    trained = command("train", "--task", "sentiment", "--corpus", corpus, "--set", *TINY)
    name = trained["checkpoint"]["id"]
    with pytest.raises(CommandError, match="needs --corpus"):
        command("evaluate", "--checkpoint", name)
    talk = tmp_path / "talk.jsonl"
    turns = [{"role": "user", "text": "hi"}, {"role": "bot", "text": "hello"}]
    talk.write_text(json.dumps({"turns": turns}) + "\n", "utf-8")
    with pytest.raises(CommandError, match="is a text that sentiment can measure"):
        command("evaluate", "--checkpoint", name, "--data", str(talk))
