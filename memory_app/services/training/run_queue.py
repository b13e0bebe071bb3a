"""Notices to the worker: queued runs, and runs whose holder is dead."""

from memory_app.models import TrainingRun
from memory_app.services.operations.worker_queue import tell_worker
from memory_app.services.training.leases import has_lost_its_holder, may_go_on


def run_enqueue(*, run: TrainingRun) -> None:
    """Notify the worker of a queued run; a duplicate finds the row claimed."""
    tell_worker("train", str(run.pk))


def runs_recover() -> int:
    """Notify the workers of every run that lost its holder, and of the one that waits longest.

    One waiting run is enough: a worker that ends a run takes the next (`runs_next`).
    """
    lost = [
        run for run in TrainingRun.objects.held() if has_lost_its_holder(run) and may_go_on(run)
    ]
    for run in lost:
        run_enqueue(run=run)
    return len(lost) + runs_next()


def runs_next() -> int:
    """Notify the workers of the run that waits longest; returns how many, 0 or 1."""
    run = TrainingRun.objects.waiting().first()
    if run is not None:
        run_enqueue(run=run)
    return int(run is not None)
