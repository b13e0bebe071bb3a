"""The lease of a run: one holder, known by a number; one that lost it can do nothing any more."""

from uuid import UUID, uuid4

import pytest
from django.db import OperationalError
from django.utils import timezone

from memory_app import process_liveness
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.tasks import CHAT
from memory_app.core.training.run import run as train_in
from memory_app.models import Checkpoint, RunSample, RunStatus, TrainingMetric, TrainingRun
from memory_app.services.training import execute, leases, run_queue, runs
from memory_app.services.training.leases import Lease, LeaseLost
from memory_app.services.training.run_execution import run_execute
from memory_app.services.training.run_launch import run_launch
from memory_app.services.training.run_queue import runs_recover
from tests.at_once import at_once
from tests.commands.test_train import SMALL

pytestmark = pytest.mark.slow


@pytest.fixture
def run(manage, dialogues):
    assert manage("import_corpus", dialogues, "--name", "few").status == 0
    return run_launch(preset="tiny", corpora=[("few", 1.0)], changes=SMALL, enqueue=False)


def rows(run: TrainingRun):
    return TrainingRun.objects.filter(pk=run.pk)


def orphan(run: TrainingRun, **fields: object) -> None:
    """Make the row that of a worker that has died on this machine a moment ago."""
    dead = process_liveness._file("dead-1")
    dead.parent.mkdir(parents=True, exist_ok=True)
    dead.touch()
    rows(run).update(process="dead-1", heartbeat=timezone.now(), **fields)


def test_of_many_that_claim_at_once_one_wins(run):
    outcomes = at_once(*[lambda: Lease.claim(run.pk)] * 8)
    assert [lease.fence for lease in outcomes if lease is not None] == [1]
    run.refresh_from_db()
    assert (run.status, run.fence, run.process) == (
        RunStatus.RUNNING,
        1,
        process_liveness.process_id(),
    )
    assert run.started is not None


def test_a_dead_holder_is_known_at_once_and_its_fence_passed(run):
    first = Lease.claim(run.pk)
    started = first.run.started
    assert Lease.claim(run.pk) is None
    orphan(run)
    second = Lease.claim(run.pk)
    assert (first.fence, second.fence) == (1, 2)
    assert second.run.started == started
    assert second.run.deaths == 1


def test_a_holder_elsewhere_is_dead_when_its_lease_is_old(run):
    Lease.claim(run.pk)
    rows(run).update(process="elsewhere-1")
    assert Lease.claim(run.pk) is None
    rows(run).update(heartbeat=timezone.now() - leases.LEASE)
    assert Lease.claim(run.pk) is not None


def test_a_holder_that_lives_but_hangs_loses_its_run_too(run, tmp_path):
    Lease.claim(run.pk)
    rows(run).update(heartbeat=timezone.now() - leases.LEASE)
    assert Lease.claim(run.pk) is not None


def test_a_stale_holder_writes_neither_status_nor_figures_nor_samples(run):
    stale = Lease.claim(run.pk)
    orphan(run)
    assert Lease.claim(run.pk) is not None
    assert not stale.write(status=RunStatus.FINISHED)
    with pytest.raises(LeaseLost):
        stale.record(10, {"loss": 1.0})
    recorder = execute.Recorder(stale, lambda: False)
    for tell in (
        lambda: recorder.on_samples(10, [{"prompt": "a", "reply": "b"}]),
        lambda: recorder.on_step(1, {"loss": 1.0}),
        lambda: recorder.on_save(10),
        lambda: recorder.on_start(TrainingSettings(), 0),
        lambda: recorder.on_validation(10, {"few": 1.0}),
        lambda: recorder.on_recall(10, {"gap_0": 1.0}),
    ):
        with pytest.raises(LeaseLost):
            tell()
    assert not TrainingMetric.objects.exists()
    assert not RunSample.objects.exists()


def test_a_stale_holder_publishes_no_checkpoint(run, tmp_path):
    stale = Lease.claim(run.pk)
    sources, data = execute.read_sources(stale.run)
    done = train_in(
        CHAT,
        TrainingSettings.from_dict(run.settings),
        sources,
        tmp_path / "stale",
        data=data,
        fence=1,
    )
    orphan(run)
    assert Lease.claim(run.pk) is not None
    with pytest.raises(LeaseLost):
        execute.publish(stale, execute.Outcome(done.step, done.checkpoint))
    assert not Checkpoint.objects.exists()
    run.refresh_from_db()
    assert (run.status, run.checkpoint) == (RunStatus.RUNNING, None)


def test_a_row_that_vanishes_ends_its_run_in_silence(run, monkeypatch, caplog):
    kept = Lease.record

    def vanish(lease, step, metrics):
        TrainingRun.objects.filter(pk=run.pk).delete()
        kept(lease, step, metrics)

    monkeypatch.setattr(Lease, "record", vanish)
    assert run_execute(run_id=run.pk) is None
    assert run_execute(run_id=uuid4()) is None
    assert not [entry for entry in caplog.records if entry.levelname == "ERROR"]


def test_a_run_that_takes_every_worker_down_fails_with_a_reason(run):
    Lease.claim(run.pk)
    for death in range(1, leases.MOST_DEATHS):
        orphan(run)
        assert Lease.claim(run.pk).run.deaths == death
    orphan(run, saved=15)
    assert Lease.claim(run.pk) is None
    run.refresh_from_db()
    assert run.status == RunStatus.FAILED
    assert run.error == (
        "Its worker died 5 times without reaching another save. The last save is of step 15."
    )
    # A person may think that it was something else.
    assert runs.run_resume(run=run)
    assert Lease.claim(run.pk).run.deaths == 0


def test_a_save_is_progress_and_the_deaths_before_it_are_forgotten(run):
    Lease.claim(run.pk)
    orphan(run)
    lease = Lease.claim(run.pk)
    assert lease.run.deaths == 1
    execute.Recorder(lease, lambda: False).on_save(7)
    run.refresh_from_db()
    assert (run.saved, run.deaths, run.step) == (7, 0, 7)


@pytest.mark.parametrize(
    ("asked", "becomes"),
    [(RunStatus.CANCELLING, RunStatus.CANCELLED), (RunStatus.PAUSING, RunStatus.PAUSED)],
)
def test_what_was_asked_of_a_holder_that_died_is_done_for_it(run, asked, becomes, monkeypatch):
    told = []
    monkeypatch.setattr(run_queue, "tell_worker", lambda _task, key: told.append(UUID(key)))
    stale = Lease.claim(run.pk)
    orphan(run, status=asked)
    assert runs_recover() == 0
    run.refresh_from_db()
    assert (run.status, told) == (becomes, [])
    assert not stale.write(step=1)


def test_a_lock_file_that_a_run_still_names_is_kept(run):
    from memory_app import services

    Lease.claim(run.pk)
    orphan(run)
    services.turns_recover()
    assert process_liveness._file("dead-1").exists()
    rows(run).update(status=RunStatus.FINISHED)
    services.turns_recover()
    assert not process_liveness._file("dead-1").exists()


def test_a_database_that_is_away_for_a_moment_does_not_end_a_run(run, monkeypatch):
    monkeypatch.setattr(leases, "RETRIES", (0, 0, 0))
    kept, faults = Lease.write, []

    def flaky(lease, **fields):
        if fields.get("saved") and len(faults) < 3:
            faults.append(fields)
            raise OperationalError("gone")
        return kept(lease, **fields)

    monkeypatch.setattr(Lease, "write", flaky)
    assert run_execute(run_id=run.pk).status == RunStatus.FINISHED
    assert len(faults) == 3
