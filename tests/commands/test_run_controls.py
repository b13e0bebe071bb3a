"""Pause, resume, cancel: whatever the run is doing, and then it goes on as if never asked."""

import threading

import pytest
from django.db import connection

from memory_app.core.evaluation import progress_exam
from memory_app.core.tasks import chat
from memory_app.models import HELD, RunSample, RunStatus, TrainingMetric, TrainingRun
from memory_app.services.training import (
    execute,
    leases,
    run_queue,
    runs,
)
from memory_app.services.training.run_error import RunError
from memory_app.services.training.run_execution import run_execute
from memory_app.services.training.run_launch import run_launch
from memory_app.services.training.run_log import run_log_read
from memory_app.services.training.run_queue import runs_recover
from tests.commands.test_train import SMALL
from tests.timed import TIMED

pytestmark = pytest.mark.slow


@pytest.fixture
def launch(manage, dialogues, monkeypatch):
    for split in ("train", "valid"):
        assert manage("import_corpus", dialogues, "--name", "few", "--split", split).status == 0
    monkeypatch.setattr(run_queue, "tell_worker", lambda _task, _key: None)

    def make() -> TrainingRun:
        return run_launch(preset="tiny", corpora=[("few", 1.0)], changes=SMALL)

    return make


def status(run: TrainingRun) -> str:
    run.refresh_from_db()
    return run.status


def figures(run: TrainingRun) -> dict:
    """Everything that was recorded but what depends on the clock."""
    metrics = run.metrics.exclude(name__in=TIMED).values_list("step", "name", "value")
    samples = RunSample.objects.filter(run=run).values_list("step", "exchanges")
    return {"metrics": sorted(metrics), "samples": sorted(samples)}


def test_what_waits_is_paused_resumed_and_cancelled_at_once(launch):
    run = launch()
    assert runs.run_pause(run=run)
    assert status(run) == RunStatus.PAUSED
    assert run_execute(run_id=run.pk) is None
    assert not runs.run_pause(run=run)
    assert runs.run_resume(run=run)
    assert status(run) == RunStatus.QUEUED
    assert not runs.run_resume(run=run)
    assert runs.run_pause(run=run)
    assert runs.run_cancel(run=run)
    assert status(run) == RunStatus.CANCELLED
    assert run.finished is not None
    assert not runs.run_cancel(run=run)
    assert runs.run_resume(run=run)
    assert (status(run), run.finished) == (RunStatus.QUEUED, None)


def test_a_finished_run_is_neither_paused_nor_cancelled_nor_resumed(launch):
    run = launch()
    run_execute(run_id=run.pk)
    assert not runs.run_pause(run=run)
    assert not runs.run_cancel(run=run)
    assert not runs.run_resume(run=run)
    assert status(run) == RunStatus.FINISHED


class Asker:
    """Asks something of the run, once, when the trainer comes to a place."""

    def __init__(self, run: TrainingRun, ask) -> None:
        self.run, self.ask, self.asked = run, ask, False

    def __call__(self) -> None:
        if not self.asked:
            self.asked = True
            assert self.ask(run=self.run)

    def until_taken(self, within: float = 30) -> None:
        """Block the trainer, as a long step would, until the run has been taken from it."""
        for _ in range(int(within / 0.05)):
            if TrainingRun.objects.exclude(status__in=HELD).filter(pk=self.run.pk).exists():
                return
            threading.Event().wait(0.05)


@pytest.fixture
def unbroken(launch):
    run = launch()
    run_execute(run_id=run.pk)
    assert status(run) == RunStatus.FINISHED
    return run


def finish(run: TrainingRun, unbroken: TrainingRun) -> None:
    """Resume, and come to the same figures, replies and weights as a run that nobody touched."""
    assert runs.run_resume(run=run)
    run_execute(run_id=run.pk)
    assert status(run) == RunStatus.FINISHED, run.error
    assert figures(run) == figures(unbroken)
    assert run.checkpoint == unbroken.checkpoint  # one row, since it is one sha256


@pytest.mark.parametrize(
    ("ask", "becomes"),
    [(runs.run_pause, RunStatus.PAUSED), (runs.run_cancel, RunStatus.CANCELLED)],
)
def test_a_run_that_trains_ends_behind_a_save(launch, unbroken, monkeypatch, ask, becomes):
    run = launch()
    asker, kept = Asker(run, ask), execute.Recorder.on_step

    def step(recorder, number, metrics):
        if number == 7:
            asker()
            recorder._lease.asked.wait(10)
        return kept(recorder, number, metrics)

    with monkeypatch.context() as patched:
        patched.setattr(execute.Recorder, "on_step", step)
        run_execute(run_id=run.pk)
    assert status(run) == becomes
    assert run.saved == run.step >= 7
    assert run_log_read(run)[0].splitlines()[-1].endswith(f"{becomes} at step {run.step}")
    finish(run, unbroken)


@pytest.mark.parametrize("place", ["validation", "recall", "samples"])
def test_an_evaluation_is_broken_off_and_sat_again(launch, unbroken, monkeypatch, place):
    run = launch()
    asker = Asker(run, runs.run_pause)
    module, name = {
        "validation": (chat, "evaluate_perplexity"),
        "recall": (progress_exam, "greedy_replies"),
        "samples": (progress_exam.ProgressExam, "recall"),
    }[place]
    original, went_on = getattr(module, name), []

    def slow(*args, **kwargs):
        asker()
        for _ in range(200):  # until the lease's thread has seen it
            if not TrainingRun.objects.filter(pk=run.pk, status=RunStatus.PAUSING).exists():
                break
            if any(lease.asked.is_set() for lease in held):
                break
            threading.Event().wait(0.05)
        done = original(*args, **kwargs)
        went_on.append(place)
        return done

    held, claim = [], leases.Lease.claim.__func__

    def kept(cls, *args, **kwargs):
        held.append(claim(cls, *args, **kwargs))
        return held[-1]

    with monkeypatch.context() as patched:
        patched.setattr(leases.Lease, "claim", classmethod(kept))
        patched.setattr(leases, "GRACE", 60)
        patched.setattr(module, name, slow)
        run_execute(run_id=run.pk)
    assert status(run) == RunStatus.PAUSED
    assert len(went_on) <= 1
    assert run.saved == run.step < 20
    assert run_log_read(run)[0].splitlines()[-1].endswith(f"paused at step {run.step}")
    finish(run, unbroken)


def test_a_step_that_takes_for_ever_is_not_waited_for(launch, unbroken, monkeypatch):
    run = launch()
    asker, kept = Asker(run, runs.run_pause), execute.Recorder.on_step

    def step(recorder, number, metrics):
        if number == 7:
            asker()
            asker.until_taken()
        return kept(recorder, number, metrics)

    with monkeypatch.context() as patched:
        patched.setattr(leases, "GRACE", 0.1)
        patched.setattr(execute.Recorder, "on_step", step)
        done = run_execute(run_id=run.pk)
    assert done.status == RunStatus.PAUSED
    assert done.fence == 2  # what the trainer still had to write went nowhere
    assert " paused at step " in run_log_read(run)[0].splitlines()[-1]
    finish(run, unbroken)


def test_a_run_that_reads_its_corpora_is_not_waited_for_either(launch, unbroken, monkeypatch):
    run = launch()
    asker, kept = Asker(run, runs.run_cancel), execute.read_sources

    def read(row):
        asker()
        asker.until_taken()
        return kept(row)

    with monkeypatch.context() as patched:
        patched.setattr(leases, "GRACE", 0.1)
        patched.setattr(execute, "read_sources", read)
        run_execute(run_id=run.pk)
    assert status(run) == RunStatus.CANCELLED
    assert not run.metrics.exists()
    finish(run, unbroken)


def test_a_run_whose_loss_is_no_number_fails_once_and_keeps_its_save(launch, monkeypatch):
    run = launch()
    kept = execute.Recorder.on_samples

    def poison(recorder, step, exchanges):
        kept(recorder, step, exchanges)
        model[0].head.bias.data.fill_(float("nan"))

    model, original = [], progress_exam.ProgressExam.samples

    def samples(exam, of):
        model[:] = [of]
        return original(exam, of)

    with monkeypatch.context() as patched:
        patched.setattr(progress_exam.ProgressExam, "samples", samples)
        patched.setattr(execute.Recorder, "on_samples", poison)
        run_execute(run_id=run.pk)
    assert status(run) == RunStatus.FAILED
    assert "not finite" in run.error
    assert run.saved < 11
    assert run.checkpoint is None
    assert run_execute(run_id=run.pk) is None  # nobody tries by itself
    assert runs_recover() == 0
    assert runs.run_resume(run=run)
    assert run_execute(run_id=run.pk).status == RunStatus.FINISHED


def test_a_poisoned_corpus_is_one_sentence(launch, settings):
    run = launch()
    from memory_app.models import Corpus
    from memory_app.services.training.corpus_files import corpus_file

    corpus = Corpus.objects.get(name="few", split="train")
    file = corpus_file(corpus)
    good = file.read_bytes()
    for bytes_, reason in ((b"\xff\xfe{", "has changed"), (None, "can't be read")):
        if bytes_ is None:
            file.unlink()
        else:
            file.write_bytes(bytes_)
        run_execute(run_id=run.pk)
        assert status(run) == RunStatus.FAILED
        assert reason in run.error
        if bytes_ is None:
            with pytest.raises(RunError, match="few is no longer on this site"):
                runs.run_resume(run=run)
        file.write_bytes(good)
        assert runs.run_resume(run=run)
    assert run_execute(run_id=run.pk).status == RunStatus.FINISHED
    connection.close()


def test_time_left_follows_from_the_rows(launch):
    run = launch()
    assert run.seconds_left() is None
    lease = leases.Lease.claim(run.pk)
    run.refresh_from_db()
    assert run.is_preparing
    recorder = execute.Recorder(lease, lambda: False)
    recorder.on_step(1, {"loss": 1.0})
    run.refresh_from_db()
    assert not run.is_preparing
    # The first steps are slower: nothing is said by them alone, and later they don't count.
    rates = {1: 0.01, 10: 0.1}
    for step, rate in rates.items():
        TrainingMetric.objects.update_or_create(
            run=run, name="steps_per_second", step=step, defaults={"value": rate}
        )
    assert run.seconds_left() is None
    for step in (20, 30):
        TrainingMetric.objects.create(run=run, name="steps_per_second", step=step, value=2.0)
    assert run.seconds_left() == pytest.approx((run.total_steps - 1) / 2)
