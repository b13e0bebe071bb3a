"""Celery tasks: each takes a primary key and calls one service."""

from celery import shared_task


@shared_task(name="memory_app.tasks.train")
def train(run_id: str) -> None:
    """Execute one TrainingRun; a duplicate finds its row claimed and does nothing."""
