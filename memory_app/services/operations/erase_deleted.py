"""Remains of deleted rows in the database's files, and how they are overwritten.

SQLite overwrites a deleted row in its place (`secure_delete`), but neither the write-ahead log,
which has earlier versions of every page, nor the copies that a full page keeps of rows that moved
to another page. A checkpoint empties the log; a VACUUM rewrites every page without those copies.
"""

import logging
import time
from pathlib import Path

from django.db import Error, connection

log = logging.getLogger(__name__)
#: Milliseconds that one try waits for readers. Not longer: meanwhile it blocks writers.
ONE_TRY = 100
#: Bytes of a database that is rewritten within seconds, during which replies can't be stored.
SMALL = 256 << 20
_TABLES = (
    *("memory_app_person", "memory_app_chat", "memory_app_turn", "memory_app_chatimport"),
    *("memory_app_searchchunk", "memory_app_searchsignature", "django_session", "auth_user"),
)


class RemainsLeft(Exception):
    """Rows are deleted, but bytes of them may remain in the database's files."""


def log_empty(*, within: float = 5.0) -> bool:
    """Empty SQLite's write-ahead log, with retries until its readers release it; whether it is.

    True where there is no such log. Within a transaction nothing can be done.
    """
    if connection.vendor != "sqlite":
        return True
    if connection.in_atomic_block:
        return False
    end = time.monotonic() + within
    with connection.cursor() as cursor:
        before = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout = {ONE_TRY}")
        try:
            while True:
                try:
                    busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                except Error:  # another checkpoint runs
                    busy = 1
                if not busy or time.monotonic() > end:
                    break
                time.sleep(ONE_TRY / 1000)
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {before}")
    if busy:
        log.warning("the write-ahead log couldn't be emptied: a reader holds it")
    return not busy


def _size() -> int:
    """Bytes of SQLite's file; 0 elsewhere."""
    if connection.vendor != "sqlite":
        return 0
    try:
        return Path(str(connection.settings_dict["NAME"])).stat().st_size
    except OSError:
        return 0


def remains_clear(*, within: float = 30.0, whatever_size: bool = True) -> None:
    """Overwrite what remains of deleted rows.

    With `whatever_size` False a large database isn't rewritten, which would keep replies from
    being stored for too long. On PostgreSQL its own VACUUM frees the rows' space; its pages and
    its log are overwritten in time, as configured there.

    Raises:
        RemainsLeft: it couldn't be done, with the reason.
    """
    if connection.in_atomic_block:
        raise RemainsLeft("a transaction is open")
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                for table in _TABLES:
                    cursor.execute(f"VACUUM {table}")
            elif connection.vendor == "sqlite" and (whatever_size or _size() <= SMALL):
                cursor.execute("VACUUM")
    except Error as fault:
        raise RemainsLeft(f"the database couldn't be written anew ({fault})") from fault
    if not log_empty(within=within):
        raise RemainsLeft("somebody reads the database, so its log couldn't be emptied")
