"""The database's tables, made or changed by one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection

#: The name of the lock among PostgreSQL's advisory ones: the ASCII codes of "gate".
LOCK = 0x67617465


@contextmanager
def migrating() -> Iterator[None]:
    """Hold off other processes that migrate this database; they wait until the block ends.

    On SQLite nothing is needed: a transaction there holds the whole file.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        # By the connection that holds it; a connection that is lost lets it go by itself.
        if connection.connection is not None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def migrate() -> None:
    """Apply every migration that the database lacks."""
    with migrating():
        call_command("migrate", interactive=False, verbosity=0)
