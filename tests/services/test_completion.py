"""Completion from corpus to figures: imported, trained, evaluated, exported and imported again."""

import json
import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from memory_app import registry
from memory_app.core.run_settings import PRESETS
from memory_app.models import Checkpoint, Evaluation, TrainingMetric, TrainingRun
from memory_app.services.training.metrics import Figure, compared, figures_of
from tests.core.tasks.test_completion import rows
from tests.services.test_sentiment import command

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
TINY = (
    *("vocab_size=300", "embedding_dim=16", "hidden_size=12", "steps=40", "evaluate_every=20"),
    *("learning_rate=0.01", "warmup=5", "precision=float32", "num_layers=1"),
)


def test_the_whole_way(tmp_path: Path) -> None:
    for split, seed, count in (("train", 1, 200), ("valid", 2, 30)):
        path = tmp_path / f"{split}.jsonl"
        lines = [{"prime": row[0][1], "text": row[1][1]} for row in rows(seed, count)]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
        report = command("import_corpus", str(path), "--name", "songs", "--split", split)
        assert report["refused"] == 0
    trained = command("train", "--task", "completion", "--corpus", "songs", "--set", *TINY)
    assert trained["run"]["preset"] == "completion"
    assert {"bits_per_character/songs", "form/songs"} <= trained["metrics"]["validation"].keys()
    name = trained["checkpoint"]["id"]
    figures = command("evaluate", "--checkpoint", name, "--corpus", "songs")["completion"]
    assert {"bits_per_character", "interval", "form", "form_interval", "n"} <= figures.keys()
    row = Checkpoint.objects.get(pk=name)
    assert (row.task, row.serves_chats) == ("completion", False)
    assert figures_of(row)["completion/form"].n == figures["form_lines"]
    assert figures_of(row)["completion/form_whole"].n == figures["form_texts"]
    command("checkpoints", "export", name, str(tmp_path / "out"))
    Checkpoint.objects.all().update(parent=None)
    command("checkpoints", "delete", name)
    back = command("checkpoints", "import", str(tmp_path / "out"))
    assert back["checkpoint"]["sha256"] == trained["checkpoint"]["sha256"]
    with pytest.raises(registry.RegistryError, match="trained for completion"):
        registry.promote(Checkpoint.objects.get(sha256=back["checkpoint"]["sha256"]))


def test_fewer_bits_are_better(checkpoint: Checkpoint) -> None:
    path = "completion/bits_per_character"
    for bits in (6.0, 5.0):
        result = {"completion": {"bits_per_character": bits, "n": 30, "characters": 900}}
        Evaluation.objects.create(checkpoint=checkpoint, suite="completion", result=result)
    new = figures_of(checkpoint)
    assert new[path].value == 5.0
    assert "completion/characters" not in new
    (row,) = [row for row in compared(new, {path: Figure(6.0)}) if row.path == path]
    assert row.verdict == "better"


def test_a_run_has_its_own_charts_and_figures(django_user_model, client: Client) -> None:
    client.force_login(django_user_model.objects.create_superuser("sam", password="sam-pass-word"))
    run = TrainingRun.objects.create(
        name="songs", preset="completion", settings=PRESETS["completion"].to_dict(), corpora=[]
    )
    TrainingMetric.objects.create(run=run, step=10, name="form/songs", value=0.815)
    page = client.get(reverse("admin:run", args=[run.pk])).content.decode()
    for key in ("loss", "bits_per_character", "form"):
        assert f'data-chart="{key}"' in page
    assert 'data-chart="accuracy"' not in page
    assert "lines of the right length" in page
    assert re.search(r"<dt>Form</dt><dd>8[12]", page)
