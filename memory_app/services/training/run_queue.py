"""Queued runs, and runs whose holder is dead: the worker is told of them."""

from memory_app.models import TrainingRun
from memory_app.services.operations.worker_queue import tell_worker
from memory_app.services.training.leases import has_lost_its_holder, may_go_on


def run_enqueue(*, run: TrainingRun) -> None:
    """Tell the worker of a queued run; told twice, it finds the row claimed."""
    tell_worker("train", str(run.pk))


def runs_recover() -> int:
    """Tell the workers of every run that has lost its holder, and of the one that waits longest.

    One of those that wait is enough: whoever ends a run takes the next (`runs_next`).
    """
    lost = [
        run for run in TrainingRun.objects.held() if has_lost_its_holder(run) and may_go_on(run)
    ]
    for run in lost:
        run_enqueue(run=run)
    return len(lost) + runs_next()


def runs_next() -> int:
    """Tell the workers of the run that waits longest; how many there were to tell of, 0 or 1."""
    run = TrainingRun.objects.waiting().first()
    if run is not None:
        run_enqueue(run=run)
    return int(run is not None)
