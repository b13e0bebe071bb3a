"""Empties the database after a transactional test, in milliseconds.

Django's own `flush` truncates every table, used or not, and then makes all content types and
permissions again: a third of a second a test on PostgreSQL, for a thousand tests.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

#: What migrations write and no test changes.
KEPT = {"django_content_type", "auth_permission"}


def _used_tables(connection: BaseDatabaseWrapper) -> list[str]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = [name for name in names if name not in KEPT]
    quoted = {name: connection.ops.quote_name(name) for name in tables}
    query = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quoted[name]})" for name in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [quoted[name] for (name,) in cursor.fetchall()]


def flush(alias: str) -> None:
    """Delete every row of every used table. Foreign keys are deferred, so any order will do."""
    connection = connections[alias]
    with transaction.atomic(using=alias):
        used = _used_tables(connection)
        with connection.cursor() as cursor:
            for table in used:
                cursor.execute(f"DELETE FROM {table}")


def _teardown(case: TransactionTestCase) -> None:
    for alias in case._databases_names(include_mirrors=False):
        flush(alias)


@contextmanager
def quick_flush() -> Iterator[None]:
    """Transactional tests end with `flush` while this is entered."""
    slow = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = _teardown
    try:
        yield
    finally:
        TransactionTestCase._fixture_teardown = slow
