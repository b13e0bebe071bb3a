"""The folder of a run's files, and what may be removed from it."""

import time
from pathlib import Path

from django.conf import settings

from memory_app.core.atomic_files import remove_folder
from memory_app.core.model.checkpoint import TOKENIZER_FILE
from memory_app.models import RunStatus, TrainingRun

LOG_FILE = "log.txt"
#: What is of use once the checkpoint is in the registry; a run that has finished isn't resumed.
KEPT = {LOG_FILE, TOKENIZER_FILE}
#: Seconds without a change after which a folder that no run has counts as abandoned.
ABANDONED = 3600


def run_folder(run: TrainingRun) -> Path:
    """The folder of a run's tokenizer, saves and log."""
    return _runs() / str(run.pk)


def run_folder_clear(run: TrainingRun) -> None:
    """Remove a finished run's saves, its checkpoint's first copy and what killed workers left."""
    _clear(run_folder(run))


def run_folders_sweep() -> None:
    """Clear after workers that were killed while they did it, and remove folders without a run."""
    rows = {str(key): status for key, status in TrainingRun.objects.values_list("pk", "status")}
    for folder in _runs().glob("*"):
        status = rows.get(folder.name)
        if status == RunStatus.FINISHED:
            _clear(folder)
        elif status is None and time.time() - folder.stat().st_mtime > ABANDONED:
            remove_folder(folder)


def _runs() -> Path:
    return Path(settings.DATA_DIR) / "runs"


def _clear(folder: Path) -> None:
    for path in folder.glob("*"):
        if path.is_dir():
            remove_folder(path)
        elif path.name not in KEPT:
            path.unlink(missing_ok=True)
