"""One child process, kept alive: restarted when it ends, ended when the parent ends.

The child is in a session of its own, so that Ctrl-C in a terminal reaches it through us and in our
order. It holds the read end of a pipe as its stdin: when this process dies in any way, the kernel
closes the other end and the child reads the end of its input (see `die_with_parent`).
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence

log = logging.getLogger(__name__)
#: Seconds before the restart of a child that ended at once; doubled each time up to the last.
FIRST_DELAY, LAST_DELAY = 1.0, 30.0
#: A child that lived this long was sound: the next delay is the first one again. (A run that kills
#: its worker each time is counted with the run, which fails in the end:
#: services/training/leases.py.)
SOUND_AFTER = 10.0
#: How long a child may take to end before it is killed.
GRACE = 10.0


class Supervisor:
    """Keeps one command running from `start` until `stop`."""

    def __init__(self, command: Sequence[str], name: str) -> None:
        self.name = name
        self._command = list(command)
        self._child: subprocess.Popen[bytes] | None = None
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name=f"supervise-{name}", daemon=True)

    def start(self) -> None:
        """Start the child, and a thread that restarts it."""
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The child's process number while it runs."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._ending.is_set():
                return None
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                # Its output is a log, and logs go to stderr.
                stdout=2,
                start_new_session=True,
            )
            return self._child

    def _keep(self) -> None:
        delay = FIRST_DELAY
        while True:
            began = time.monotonic()
            child = self._spawn()
            if child is None:
                return
            status = child.wait()
            assert child.stdin is not None
            child.stdin.close()
            if self._ending.is_set():
                return
            # A killed child counts as sound: a person, or the kernel for want of memory, ended it,
            # and its work is waited for.
            if time.monotonic() - began > SOUND_AFTER or status == -signal.SIGKILL:
                delay = FIRST_DELAY
            log.warning(
                "child ended", extra={"child": self.name, "status": status, "restart_in": delay}
            )
            self._ending.wait(delay)
            delay = min(delay * 2, LAST_DELAY)

    def ask_to_stop(self) -> None:
        """Ask the child to end, without waiting; safe in a signal's handler."""
        self._ending.set()
        child = self._child
        if child is not None and child.poll() is None:
            child.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """End the child and its own children, and wait for it."""
        self._ending.set()
        with self._lock:  # a child that is being started at this moment is included below
            child = self._child
        if child is None:
            return
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(GRACE)
            except subprocess.TimeoutExpired:
                log.warning("child killed", extra={"child": self.name})
        try:
            # Its whole session, for its own children.
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()
        if threading.current_thread() is not self._thread:
            self._thread.join()


def die_with_parent() -> None:
    """In the child: end soon after the parent has died. Call it before anything slow.

    Reads the pipe by its descriptor: a buffered stdin would hold a lock at the interpreter's exit.
    """

    def watch() -> None:
        while True:
            try:
                if not os.read(0, 1024):
                    break
            except OSError:
                break
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE - 2)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
