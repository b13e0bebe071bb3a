"""Celery tasks: each takes a primary key, or nothing, and calls one service."""

import threading
from typing import Any
from uuid import UUID

from celery import Task, shared_task
from celery.worker import state

from memory_app import outage_log, policy, services
from memory_app.services.chat.consolidate import (
    consolidation_execute,
    consolidations_next,
    consolidations_recover,
    memory_refit,
)
from memory_app.services.chat.import_queue import import_execute, imports_next, imports_recover
from memory_app.services.training.evaluations import (
    evaluation_execute,
    evaluations_next,
    evaluations_recover,
)
from memory_app.services.training.run_execution import run_execute
from memory_app.services.training.run_queue import runs_next, runs_recover

#: Held while this process trains: two trainings at once would each take twice as long.
_training = threading.Lock()
#: Held while this process evaluates: one at a time, beside a training if need be.
_examining = threading.Lock()
#: Held while this process replays a chat's file: one at a time, beside the other two.
_importing = threading.Lock()
#: Held while this process consolidates: one chat at a time.
_consolidating = threading.Lock()


class PolicyTask(Task):
    """Every task of the site (chatsite/celery.py); refused without a row in policy.py."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        policy.row_of("task", self.name)
        try:
            return super().__call__(*args, **kwargs)
        except Exception as fault:
            # Its row waits, and `recover` queues it again every few seconds.
            if not outage_log.failed(fault, at=self.name.rpartition(".")[2]):
                raise
            return None


def _stopping() -> bool:
    """Whether the worker was asked to end: the run then saves and returns to the queue."""
    return state.should_stop is not None or state.should_terminate is not None


@shared_task(name="memory_app.tasks.train")
def train(run_id: str) -> None:
    """Execute one TrainingRun; a duplicate finds its row claimed and does nothing."""
    if not _training.acquire(blocking=False):
        # The row waits: this process takes the next run when the current one is done.
        return
    try:
        run_execute(run_id=UUID(run_id), ending=_stopping)
    finally:
        _training.release()
    if not _stopping():
        runs_next()


@shared_task(name="memory_app.tasks.evaluate")
def evaluate(evaluation: int) -> None:
    """Run one Evaluation; a duplicate finds its row claimed and does nothing."""
    if not _examining.acquire(blocking=False):
        return
    try:
        evaluation_execute(evaluation=evaluation)
    finally:
        _examining.release()
    if not _stopping():
        evaluations_next()


@shared_task(name="memory_app.tasks.import_chat")
def import_chat(key: str) -> None:
    """Replay one ChatImport; a duplicate finds its row claimed and does nothing."""
    if not _importing.acquire(blocking=False):
        return
    try:
        import_execute(key=UUID(key))
    finally:
        _importing.release()
    if not _stopping():
        imports_next()


@shared_task(name="memory_app.tasks.consolidate")
def consolidate(key: str) -> None:
    """Execute one Consolidation; a duplicate finds its row claimed and does nothing."""
    if not _consolidating.acquire(blocking=False):
        return
    try:
        consolidation_execute(key=UUID(key))
    finally:
        _consolidating.release()
    if not _stopping():
        consolidations_next()


@shared_task(name="memory_app.tasks.refit")
def refit(key: int) -> None:
    """Fit one LongTermMemory that is out of date; a duplicate does nothing."""
    with _consolidating:
        memory_refit(key=key)


@shared_task(name="memory_app.tasks.recover")
def recover() -> None:
    """Find runs, exams, imports and consolidations whose worker died or whose message was lost."""
    runs_recover()
    evaluations_recover()
    imports_recover()
    consolidations_recover()


@shared_task(name="memory_app.tasks.purge")
def purge() -> None:
    """Remove what has expired: sessions, deleted chats, half-copied checkpoints."""
    services.leftovers_purge()
