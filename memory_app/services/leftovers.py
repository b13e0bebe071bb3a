"""What has had its time and goes for good, every hour."""

import logging
from importlib import import_module

from django.conf import settings

from memory_app import registry
from memory_app.services.chats import chats_purge

log = logging.getLogger(__name__)


def leftovers_purge() -> None:
    """Remove expired sessions, chats that were deleted a while ago, and torn copies of weights.

    Each by itself: one that can't be done now doesn't keep the others.
    """
    store = import_module(settings.SESSION_ENGINE).SessionStore
    purges = {"sessions": store.clear_expired, "chats": chats_purge, "weights": registry.sweep}
    for name, purge in purges.items():
        try:
            purge()
        except Exception:
            log.warning("purge failed", extra={"what": name}, exc_info=True)
