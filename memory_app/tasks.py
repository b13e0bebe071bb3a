"""Celery tasks: each takes a primary key and calls one service."""

from typing import Any
from uuid import UUID

from celery import Task, shared_task
from celery.worker import state

from memory_app import policy
from memory_app.services.evaluations import evaluation_execute
from memory_app.services.runs import run_execute


class PolicyTask(Task):
    """Every task of the site (chatsite/celery.py): it does nothing without a row in policy.py."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        policy.row_of("task", self.name)
        return super().__call__(*args, **kwargs)


@shared_task(name="memory_app.tasks.train")
def train(run_id: str) -> None:
    """Execute one TrainingRun; a duplicate finds its row claimed and does nothing."""
    # A worker that is told to stop lets the run save itself and go back to the queue.
    run_execute(run_id=UUID(run_id), ending=lambda: state.should_stop is not None)


@shared_task(name="memory_app.tasks.evaluate")
def evaluate(evaluation: int) -> None:
    """Sit one Evaluation; a duplicate finds its row claimed and does nothing."""
    evaluation_execute(evaluation=evaluation)
