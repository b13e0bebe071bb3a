"""What each new connection to the database is told."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def set_up(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """Keep PostgreSQL from compiling plans into machine code.

    It does so by its guess of a plan's cost, far too high for a search (models.py): 200 ms to
    compile what takes 30 to carry out. Nothing else here is long enough to gain by it. Said on the
    connection, since a pooler between may refuse start-up parameters.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off")
