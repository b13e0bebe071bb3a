"""What the log says of an outage: a line when it begins, one a minute, and a line when it is over.

Every request, heartbeat, socket and task meets the same full disk or absent database. A traceback
from each would hide what else went wrong, and fill a disk that is full already.
"""

import logging
import threading
import time

from memory_app import outages

log = logging.getLogger(__name__)
#: Seconds between two lines of one outage.
REPEAT = 60.0
#: Seconds of health after which another failure is another outage; within them it is the same one.
APART = 5.0


class OutageLog:
    """The outage that this process is in, if it is in one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began: float | None = None
        self._said = self._over = float("-inf")
        self._announced = False
        self._failures = 0

    def failed(self, fault: BaseException, *, at: str) -> bool:
        """Whether the fault comes of an outage; of one it logs no more than a line a minute.

        `at`: what failed, in a word that holds nobody's text.
        """
        problem = outages.sentence(fault)
        if problem is None:
            return False
        with self._lock:
            now = time.monotonic()
            if self._began is None:
                self._began = now
            self._failures += 1
            again = self._announced or now - self._over < APART
            if again and now - self._said < REPEAT:
                return True
            facts = {
                "reason": "disk full" if problem is outages.FULL else "database away",
                "kind": type(fault).__name__,
                "at": at,
                "failures": self._failures,
            }
            self._announced, self._said, self._failures = True, now, 0
        log.warning("an outage goes on" if again else "an outage began", extra=facts)
        return True

    def answered(self) -> None:
        """The database took a write: an outage that was logged is over."""
        with self._lock:
            # A heartbeat still fits on a disk where a turn doesn't.
            if self._began is None or outages.full_disks():
                return
            now = time.monotonic()
            announced, seconds = self._announced, round(now - self._began)
            facts = {"seconds": seconds, "failures": self._failures}
            self._began, self._announced, self._failures, self._over = None, False, 0, now
        if announced:
            log.warning("the outage is over", extra=facts)


_process = OutageLog()
failed, answered = _process.failed, _process.answered
