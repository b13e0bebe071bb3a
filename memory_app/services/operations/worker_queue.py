"""Tasks that the worker is told to do, through Celery's broker."""

import logging
from pathlib import Path

from celery import current_app
from django.conf import settings

log = logging.getLogger(__name__)


def broker_folders() -> None:
    """Make the folders of the broker on disk, which neither end of it makes by itself."""
    for name, folder in settings.CELERY_BROKER_TRANSPORT_OPTIONS.items():
        if name.endswith("_folder") or name.startswith("data_folder"):
            Path(str(folder)).mkdir(parents=True, exist_ok=True, mode=0o700)


def tell_worker(task: str, key: str | int) -> None:
    """Queue the task of this name in `tasks.py` for the row of this key.

    The row is what counts: where the broker is away, the worker finds it within seconds all the
    same (`recover`).
    """
    try:
        broker_folders()
        current_app.send_task(f"memory_app.tasks.{task}", [key], retry=False)
    except Exception:
        log.warning("the worker can't be told", extra={"task": task, "row": key}, exc_info=True)
