"""How many sockets this process holds open; the heartbeat tells the database (generation.py)."""

from collections.abc import Iterator
from contextlib import contextmanager

_open = 0


@contextmanager
def socket() -> Iterator[None]:
    """Counts one socket for as long as it is open. Only the event loop's thread comes here."""
    global _open  # noqa: PLW0603  (one count a process is the point of this file)
    _open += 1
    try:
        yield
    finally:
        _open -= 1


def sockets() -> int:
    """Sockets that are open in this process."""
    return _open
