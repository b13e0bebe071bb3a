"""Translation from corpus to figures: imported, trained, evaluated, exported and imported again."""

import csv
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from memory_app import registry
from memory_app.models import Checkpoint, RunSample, TrainingRun
from memory_app.services.training.metrics import figures_of
from tests.core.tasks.test_translation import rows
from tests.services.test_sentiment import command

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
TINY = (
    *("vocab_size=330", "embedding_dim=16", "hidden_size=16", "steps=20", "evaluate_every=10"),
    *("learning_rate=0.01", "warmup=5", "precision=float32", "batch_tokens=256"),
)


@pytest.mark.parametrize("attention", ["off", "on"])
def test_the_whole_way(attention: str, tmp_path: Path, admin_client: Client) -> None:
    for split, part in (("train", 1), ("valid", 0)):
        path = tmp_path / f"{split}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([en[1], zh[1]] for en, zh in rows(part))
        report = command("import_corpus", str(path), "--name", "pairs", "--split", split)
        assert report["refused"] == 0
    trained = command(
        "train", "--task", "translation", "--corpus", "pairs",
        "--set", *TINY, f"attention={attention}",
    )  # fmt: skip
    assert trained["run"]["preset"] == "translation"
    assert {"chrf/pairs", "bleu/pairs"} <= trained["metrics"]["validation"].keys()
    name = trained["checkpoint"]["id"]
    figures = command("evaluate", "--checkpoint", name, "--corpus", "pairs")["translation"]
    assert {"chrf", "bleu", "by_length", "n"} <= figures.keys()
    row = Checkpoint.objects.get(pk=name)
    assert (row.task, row.serves_chats) == ("translation", False)
    assert row.config.get("attention", False) is (attention == "on")
    assert "translation/directions/en-zh/chrf" in figures_of(row)
    run = TrainingRun.objects.get()
    samples = RunSample.objects.filter(run=run).order_by("-step").first()
    assert samples is not None
    page = admin_client.get(reverse("admin:run", args=[run.pk])).content.decode()
    assert samples.exchanges[0]["prompt"] in page
    assert "Sample translations at each evaluation" in page
    assert 'data-chart="chrf"' in page
    own = admin_client.get(reverse("admin:checkpoint", args=[name])).content.decode()
    assert f"{reverse('lab_translation')}?checkpoint={name}" in own
    command("checkpoints", "export", name, str(tmp_path / "out"))
    Checkpoint.objects.all().update(parent=None)
    command("checkpoints", "delete", name)
    back = command("checkpoints", "import", str(tmp_path / "out"))
    assert back["checkpoint"]["sha256"] == trained["checkpoint"]["sha256"]
    with pytest.raises(registry.RegistryError, match="trained for translation"):
        registry.promote(Checkpoint.objects.get(sha256=back["checkpoint"]["sha256"]))
