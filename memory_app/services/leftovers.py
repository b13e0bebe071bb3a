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
    for purge in (store.clear_expired, chats_purge, registry.sweep):
        try:
            purge()
        except Exception:
            log.warning("purge failed", extra={"what": purge.__qualname__}, exc_info=True)
