"""A run's row is the truth: the broker only hints, and a worker that ends gives the run back."""

from pathlib import Path
from uuid import UUID

import pytest
from django.utils import timezone

from memory_app import tasks
from memory_app.models import RunStatus, TrainingRun
from memory_app.services.training import leases, run_queue, runs
from memory_app.services.training.run_execution import run_execute
from memory_app.services.training.run_launch import run_launch
from memory_app.services.training.run_queue import runs_recover
from tests.commands.test_train import SMALL

pytestmark = pytest.mark.slow


@pytest.fixture
def run(manage, dialogues):
    assert manage("import_corpus", dialogues, "--name", "few").status == 0
    return run_launch(preset="tiny", corpora=[("few", 1.0)], changes=SMALL, enqueue=False)


def status(run: TrainingRun) -> str:
    run.refresh_from_db()
    return run.status


def test_a_launched_run_lies_in_the_queue_once_its_row_is_there(run, settings):
    folder = Path(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_out"])
    before = set(folder.glob("*.msg"))
    launched = run_launch(preset="tiny", corpora=[("few", 1.0)])
    (message,) = set(folder.glob("*.msg")) - before
    assert str(launched.pk) in message.read_text()
    message.unlink()


def test_the_task_carries_a_run_out_once(run):
    tasks.train(str(run.pk))
    assert status(run) == RunStatus.FINISHED
    first = run.checkpoint
    tasks.train(str(run.pk))
    assert status(run) == RunStatus.FINISHED
    assert run.checkpoint == first


def test_a_worker_that_ends_gives_its_run_back_to_the_queue(run):
    run_execute(run_id=run.pk, ending=lambda: True)
    assert (status(run), run.step, run.process) == (RunStatus.QUEUED, 1, "")
    run_execute(run_id=run.pk)
    assert (status(run), run.step) == (RunStatus.FINISHED, 20)


def test_a_cancelled_run_that_waits_never_starts(run):
    assert runs.run_cancel(run=run)
    assert run_execute(run_id=run.pk) is None
    assert status(run) == RunStatus.CANCELLED


def test_what_waits_or_lost_its_worker_is_told_again(run, monkeypatch):
    told = []
    monkeypatch.setattr(run_queue, "tell_worker", lambda _task, key: told.append(UUID(key)))
    assert runs_recover() == 1
    rows = TrainingRun.objects.filter(pk=run.pk)
    rows.update(status=RunStatus.RUNNING, heartbeat=timezone.now())
    assert runs_recover() == 0
    rows.update(heartbeat=timezone.now() - leases.LEASE)
    assert runs_recover() == 1
    rows.update(status=RunStatus.FINISHED)
    assert runs_recover() == 0
    assert told == [run.pk, run.pk]


def test_a_worker_whose_run_was_taken_over_stops_and_writes_nothing(run, monkeypatch):
    kept = leases.Lease.record

    def taken_over(lease, step, metrics):
        if step == 10:
            TrainingRun.objects.filter(pk=run.pk).update(heartbeat="2020-01-01T00:00:00Z")
            assert leases.Lease.claim(run.pk) is not None
        kept(lease, step, metrics)

    monkeypatch.setattr(leases.Lease, "record", taken_over)
    assert run_execute(run_id=run.pk) is None
    assert (status(run), run.fence, run.checkpoint) == (RunStatus.RUNNING, 2, None)
    assert set(run.metrics.values_list("step", flat=True)) == {1}


def test_a_run_that_breaks_says_why(run):
    TrainingRun.objects.filter(pk=run.pk).update(corpora=[["lost", 1.0]])
    run_execute(run_id=run.pk)
    assert status(run) == RunStatus.FAILED
    assert "lost" in run.error
