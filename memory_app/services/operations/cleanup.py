"""What has expired and is removed every hour."""

import logging
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from django.conf import settings

from memory_app import registry
from memory_app.log_in_guard import attempts_purge
from memory_app.services.chat.chats import chats_empty_purge, chats_purge
from memory_app.services.chat.guests import guests_purge
from memory_app.services.chat.import_queue import imports_purge
from memory_app.services.chat.states_drop import states_drop
from memory_app.services.operations.erase_deleted import log_empty, remains_finish
from memory_app.services.training.run_folder import run_folders_sweep

log = logging.getLogger(__name__)
#: Seconds after which a file that a process was writing or reading counts as abandoned.
ABANDONED = 3600


def leftovers_purge() -> None:
    """Remove expired sessions, chats that were deleted a while ago, and partial copies of weights.

    Each by itself: a failure of one doesn't stop the others.
    """
    store = import_module(settings.SESSION_ENGINE).SessionStore
    purges: dict[str, Callable[[], object]] = {
        "sessions": store.clear_expired,
        "chats": chats_purge,
        "empty chats": chats_empty_purge,
        "guests": guests_purge,
        "states": states_drop,
        "imports": imports_purge,
        "log-ins": attempts_purge,
        "weights": registry.sweep,
        "run folders": run_folders_sweep,
        "messages": _messages_sweep,
        "erased persons": remains_finish,
        # Last, and in any case: the log also holds old titles and earlier versions of rows.
        "log": log_empty,
    }
    for name, purge in purges.items():
        try:
            purge()
        except Exception:
            log.warning("purge failed", extra={"what": name}, exc_info=True)


def _messages_sweep() -> None:
    """Remove from the queue on disk half-written messages, and taken ones that were never read."""
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    patterns = {"data_folder_in": ".*.part", "processed_folder": "*", "control_folder": ".*.part"}
    for option, pattern in patterns.items():
        # Empty where the queue is elsewhere.
        for path in Path(str(options[option])).glob(pattern) if option in options else ():
            if time.time() - path.stat().st_mtime > ABANDONED:
                path.unlink(missing_ok=True)
