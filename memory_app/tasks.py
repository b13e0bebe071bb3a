"""Celery tasks: each takes a primary key and calls one service."""

from uuid import UUID

from celery import shared_task
from celery.worker import state

from memory_app.services.runs import run_execute


@shared_task(name="memory_app.tasks.train")
def train(run_id: str) -> None:
    """Execute one TrainingRun; a duplicate finds its row claimed and does nothing."""
    # A worker that is told to stop lets the run save itself and go back to the queue.
    run_execute(run_id=UUID(run_id), ending=lambda: state.should_stop is not None)
