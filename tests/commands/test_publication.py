"""A checkpoint is published whole or not at all, whenever its worker dies."""

import os

import pytest
from django.conf import settings

from memory_app import registry
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.models import Checkpoint, RunStatus, TrainingRun
from memory_app.services.training.run_execution import run_execute
from memory_app.services.training.run_folder import run_folder, run_folders_sweep
from memory_app.services.training.run_launch import run_launch
from tests.commands import beside
from tests.commands.test_train import SMALL

pytestmark = pytest.mark.slow


def nothing_is_torn(run: TrainingRun) -> None:
    """What can be seen is whole: every row's files, every folder with a name, the run's end."""
    for row in Checkpoint.objects.all():
        assert registry._intact(row.sha256)
    for folder in registry.folder_of("x").parent.glob("[!.]*"):
        assert load_checkpoint(folder).sha256 == folder.name
    for folder in run_folder(run).glob("checkpoint*"):
        load_checkpoint(folder)
    run.refresh_from_db()
    assert (run.status == RunStatus.FINISHED) == (run.checkpoint is not None)


def test_killed_before_every_change_of_the_disk_nothing_is_torn(manage, dialogues):
    assert manage("import_corpus", dialogues, "--name", "few").status == 0
    given = {"preset": "tiny", "corpora": [("few", 1.0)], "enqueue": False}
    # Two steps and one save, so that each fork begins near the end.
    changes = SMALL | {"steps": 2, "hidden_size": 4}
    run = run_launch(**given, changes=changes, name="again and again")
    whole = run_launch(**given, changes=changes, name="whole")
    places = []
    process = beside.start("tests.commands.dying", run.pk)
    try:
        while (line := process.stdout.readline().strip()) != "finished":
            assert line, "it neither died nor finished"
            places.append(line)
            nothing_is_torn(run)
            # So many deaths would be too many for one run; here each is another's.
            TrainingRun.objects.filter(pk=run.pk).update(deaths=0)
            process.stdin.write("\n")
            process.stdin.flush()
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(60)
    print(*places, sep="\n")
    nothing_is_torn(run)
    assert run.status == RunStatus.FINISHED
    # It died within the save, the tokenizer, the checkpoint, the registry's copy and the clearing.
    died_at = " ".join(places)
    for name in ("tokenizer.json", "save-", "model.safetensors", "config.json", "os.rename"):
        assert name in died_at, places
    assert len(places) > 12
    # The registry keeps no half copy longer than an hour; the run's folder none at all. Where the
    # last death fell into the clearing itself, the hourly sweep does the rest.
    run_folders_sweep()
    assert {path.name for path in run_folder(run).iterdir()} == {"log.txt", "tokenizer.json"}
    for part in (settings.DATA_DIR / "checkpoints").glob(".*"):
        os.utime(part, (0, 0))
    registry.sweep()
    assert not list((settings.DATA_DIR / "checkpoints").glob(".*"))
    run_execute(run_id=whole.pk)
    whole.refresh_from_db()
    assert whole.checkpoint == run.checkpoint
