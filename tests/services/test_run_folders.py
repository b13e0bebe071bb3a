"""What is left of runs on the disk: of finished ones the log, of deleted ones nothing."""

import os
import time

import pytest
from django.conf import settings

from memory_app.models import RunStatus, TrainingRun
from memory_app.services.training.run_folder import run_folder, run_folders_sweep

pytestmark = pytest.mark.django_db
LEFT = ["save-000003.safetensors", ".tokenizer.json.0a.part", "best.safetensors"]


@pytest.fixture(autouse=True)
def own_data_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


def folder_with(run: TrainingRun) -> set[str]:
    folder = run_folder(run)
    for part in ("checkpoint-000003", ".checkpoint.ab"):
        (folder / part).mkdir(parents=True)
        (folder / part / "config.json").write_bytes(b"{}")
    for name in [*LEFT, "log.txt", "tokenizer.json"]:
        (folder / name).write_bytes(b"x")
    return {path.name for path in folder.iterdir()}


def test_the_sweep_clears_finished_runs_and_no_other():
    everything = set()
    runs = {status: TrainingRun.objects.create(name=status, status=status) for status in RunStatus}
    for run in runs.values():
        everything = folder_with(run)
    run_folders_sweep()
    for status, run in runs.items():
        kept = {"log.txt", "tokenizer.json"} if status == RunStatus.FINISHED else everything
        assert {path.name for path in run_folder(run).iterdir()} == kept, status


def test_the_sweep_removes_folders_without_a_run_once_they_are_old():
    run = TrainingRun.objects.create(name="gone")
    folder_with(run)
    torn = settings.DATA_DIR / "runs" / ".0a376d95.ab"
    torn.mkdir()
    run.delete()
    run_folders_sweep()
    assert len(list((settings.DATA_DIR / "runs").iterdir())) == 2
    hour = time.time() - 3601
    for folder in (settings.DATA_DIR / "runs").iterdir():
        os.utime(folder, (hour, hour))
    run_folders_sweep()
    assert not list((settings.DATA_DIR / "runs").iterdir())
