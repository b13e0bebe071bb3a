"""The name of this process, and whether the process of another name is alive.

A process holds a locked file while it lives: the kernel releases the lock however it dies, so a
reused process number can't deceive. Processes of another machine have no file here; they count as
dead when their heartbeat stops.
"""

import fcntl
import os
import socket
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

#: The longest silence of a process of another machine, before it counts as dead.
LEASE = timedelta(seconds=30)
_held: dict[str, int] = {}


def _file(process: str) -> Path:
    return Path(settings.DATA_DIR) / "processes" / f"{process}.lock"


@cache
def _claim(pid: int) -> str:
    """The identity of this process; keyed by its number, so that a fork gets its own."""
    host = "".join(char for char in socket.gethostname() if char.isalnum())[:20]
    process = f"{host}-{pid}-{uuid4().hex[:12]}"
    file = _file(process)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    _held[process] = descriptor
    return process


def process_id() -> str:
    """The name of this process: host, number and a nonce, unique."""
    return _claim(os.getpid())


def is_dead(process: str, heartbeat: datetime | None) -> bool:
    """Whether the process of that name has ended.

    Its lock file is kept: other rows that name it may still be judged by it.
    """
    silent = heartbeat is None or timezone.now() - heartbeat > LEASE
    if process in _held:
        # Our own: a turn that we no longer generate gets no heartbeat from us.
        return silent
    try:
        descriptor = os.open(_file(process), os.O_RDWR)
    except OSError:
        return silent
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A disk without locks can't show which processes live.
        return silent
    finally:
        os.close(descriptor)
    return True


def forget_dead(kept: set[str]) -> None:
    """Remove the lock files of dead processes that no row in `kept` names."""
    for file in _file("x").parent.glob("*.lock"):
        if file.stem not in kept and file.stem not in _held and is_dead(file.stem, None):
            file.unlink(missing_ok=True)
