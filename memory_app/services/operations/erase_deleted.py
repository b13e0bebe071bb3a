"""Remains of deleted rows in the database's files, and how they are overwritten.

SQLite overwrites a deleted row in its place (`secure_delete`), but neither the write-ahead log,
which has earlier versions of every page, nor the copies that a full page keeps of rows that moved
to another page. A checkpoint empties the log; a VACUUM rewrites every page without those copies.
"""

import logging
import threading
import time
from pathlib import Path

from django.conf import settings
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


#: Seconds between two rewritings for strangers: during each of them no reply can be stored.
SELDOM = 60.0
_lock = threading.Lock()
_rewritten = float("-inf")


class RemainsLeft(Exception):
    """Rows are deleted, but bytes of them may remain in the database's files."""


def _due() -> Path:
    """A file that is there while remains wait to be overwritten: every process can see it."""
    return Path(settings.DATA_DIR) / "remains"


def remains_note() -> None:
    """Have what will remain of rows overwritten by the next `remains_clear` or `remains_finish`."""
    _due().touch()


def remains_finish() -> None:
    """Overwrite what `remains_note` announced, if it hasn't been; called every hour."""
    if not _due().exists():
        return
    try:
        remains_clear(within=5, whatever_size=False)
    except RemainsLeft as left:
        log.warning("erased data may be left on the disk", extra={"reason": str(left)})
    else:
        if _due().exists():
            log.warning("erased data may be left in a large database: run purge_chats")


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


def remains_clear(
    *, within: float = 30.0, whatever_size: bool = True, at_once: bool = True
) -> None:
    """Overwrite what remains of deleted rows.

    With `whatever_size` False a large database isn't rewritten, which would keep replies from
    being stored for too long. On PostgreSQL its own VACUUM frees the rows' space; its pages and
    its log are overwritten in time, as configured there. With `at_once` False that is left to
    `remains_finish`, and so is a database that was rewritten a moment ago.

    Raises:
        RemainsLeft: it couldn't be done, with the reason.
    """
    global _rewritten  # noqa: PLW0603
    if connection.in_atomic_block:
        raise RemainsLeft("a transaction is open")
    rewrites = whatever_size or _size() <= SMALL
    if not at_once:
        with _lock:
            soon = time.monotonic() - _rewritten < SELDOM
            rewrites = rewrites and not soon and connection.vendor == "sqlite"
            if rewrites:
                _rewritten = time.monotonic()
    # Before, so that what is announced meanwhile stays announced.
    due = rewrites and _due().exists()
    if due:
        _due().unlink(missing_ok=True)
    try:
        try:
            with connection.cursor() as cursor:
                if rewrites and connection.vendor == "postgresql":
                    for table in _TABLES:
                        cursor.execute(f"VACUUM {table}")
                elif rewrites and connection.vendor == "sqlite":
                    cursor.execute("VACUUM")
        except Error as fault:
            raise RemainsLeft(f"the database couldn't be written anew ({fault})") from fault
        if not log_empty(within=within):
            raise RemainsLeft("somebody reads the database, so its log couldn't be emptied")
    except RemainsLeft:
        if due:
            remains_note()
        raise
