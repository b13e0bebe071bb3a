"""Django's system checks for configurations that would be unsafe or surprising."""

import sqlite3
from itertools import chain
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection

from memory_app import policy
from memory_app.socket_messages import SOCKET_MESSAGES

# Fixed in 3.51.3; a reset of the WAL at the wrong moment could lose a commit. Very rare.
_SQLITE_FIXED = (3, 51, 3)


@register(Tags.security)
def origins_are_exact(**kwargs: Any) -> list[CheckMessage]:
    """A wildcard would let any page on the web send messages as its visitors."""
    if "*" in settings.ALLOWED_HOSTS or any("*" in origin for origin in settings.SITE_ORIGINS):
        return [Error("SITE_ORIGINS must not hold a wildcard.", id="gatescope.E1")]
    return []


@register(Tags.security)
def every_message_has_a_policy(**kwargs: Any) -> list[CheckMessage]:
    """A socket message without a row in policy.py would only fail when a client sends it."""
    faults: list[CheckMessage] = []
    for kind in chain.from_iterable(SOCKET_MESSAGES.values()):
        try:
            policy.row_of("ws", kind)
        except policy.NoPolicy as missing:
            faults.append(Error(str(missing), id="gatescope.E2"))
    return faults


@register(Tags.security, deploy=True)
def production_has_servers(**kwargs: Any) -> list[CheckMessage]:
    """Several processes need a shared database and a shared channel layer."""
    faults: list[CheckMessage] = []
    if settings.PRODUCTION and connection.vendor == "sqlite":
        faults.append(checks.Warning("Production should have a DATABASE_URL.", id="gatescope.W1"))
    if settings.PRODUCTION and not settings.REDIS_URL:
        faults.append(checks.Warning("Production should have a REDIS_URL.", id="gatescope.W2"))
    if connection.vendor == "sqlite" and sqlite3.sqlite_version_info < _SQLITE_FIXED:
        faults.append(
            checks.Warning(
                f"SQLite {sqlite3.sqlite_version} has the WAL-reset bug that 3.51.3 fixed.",
                id="gatescope.W3",
            )
        )
    return faults
