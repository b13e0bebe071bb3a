"""Speech from a run without corpora to figures, by command and from the dashboard's worker."""

from pathlib import Path

import pytest

from memory_app.models import Checkpoint, TrainingMetric
from memory_app.services.training.evaluations import evaluation_ask, evaluation_execute
from memory_app.services.training.metrics import figures_of
from memory_app.services.training.run_error import RunError
from memory_app.services.training.run_launch import run_settings
from tests.core.audio.test_wave_file import wav
from tests.core.tasks.test_speech import tone, tones_for_words
from tests.services.test_sentiment import command

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
TINY = (
    *("embedding_dim=8", "hidden_size=8", "num_layers=1", "steps=4", "evaluate_every=2"),
    *("batch_utterances=4", "most_words=1", "precision=float32"),
)


def test_the_whole_way(tmp_path: Path) -> None:
    with tones_for_words():
        trained = command("train", "--task", "speech", "--set", *TINY)
        assert trained["run"]["preset"] == "speech"
        assert trained["metrics"]["validation"].keys() == {"wer/voices"}
        assert TrainingMetric.objects.filter(name="wer/voices").count() == 2
        name = trained["checkpoint"]["id"]
        for digit in range(3):
            (tmp_path / f"{digit}_ann_0.wav").write_bytes(wav(tone(digit).numpy()))
        figures = command("evaluate", "--checkpoint", name, "--data", str(tmp_path))["speech"]
        assert figures.keys() == {"wer", "wer_strings", "per_speaker", "n"}
        row = Checkpoint.objects.get(pk=name)
        assert figures_of(row)["speech/wer"].value == figures["wer"]
        # The worker needs no corpus either: held-out voices say the words.
        evaluation = evaluation_ask(checkpoint=row, suite="speech", n=1)
        evaluation_execute(evaluation=evaluation.pk)
        evaluation.refresh_from_db()
        assert evaluation.status == "finished", evaluation.error
        assert evaluation.result["speech"]["n"] > 100


def test_a_run_of_speech_takes_no_corpus() -> None:
    settings = run_settings(preset="speech", corpora=[])
    assert not settings.model.reads_corpora
    with pytest.raises(RunError, match="nothing to train on"):
        run_settings(preset="sentiment", corpora=[])
