"""Settings of each new connection to the database."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def set_up(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """Keep PostgreSQL from compiling plans into machine code.

    It compiles by its estimate of a plan's cost, far too high for a search (models/search.py): 200
    ms to compile a query that runs for 30. No other query is long enough to gain by it. Set on the
    connection, since a pooler between may refuse start-up parameters.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off")
