"""The number of sockets that this process holds open; the heartbeat reports it (generation.py)."""

from collections.abc import Iterator
from contextlib import contextmanager

_open = 0


@contextmanager
def socket() -> Iterator[None]:
    """Count one socket while it is open. Only the event loop's thread calls this."""
    global _open  # noqa: PLW0603  (one count a process is the point of this file)
    _open += 1
    try:
        yield
    finally:
        _open -= 1


def sockets() -> int:
    """Sockets that are open in this process."""
    return _open
