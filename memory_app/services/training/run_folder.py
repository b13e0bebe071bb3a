"""The folder of a run's files."""

from pathlib import Path

from django.conf import settings

from memory_app.models import TrainingRun


def run_folder(run: TrainingRun) -> Path:
    """The folder of a run's tokenizer, saves and log."""
    return Path(settings.DATA_DIR) / "runs" / str(run.pk)
