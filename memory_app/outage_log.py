"""Log lines of an outage: one when it begins, one a minute, and one when it is over.

Every request, heartbeat, socket and task meets the same full disk or absent database. A traceback
from each would hide other faults, and fill a disk that is full already.
"""

import logging
import threading
import time

from memory_app import outages

log = logging.getLogger(__name__)
#: Seconds between two lines of one outage.
REPEAT = 60.0
#: Seconds without a failure after which the next one is a new outage.
APART = 5.0


class OutageLog:
    """This process's current outage, if any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began: float | None = None
        self._said = self._over = float("-inf")
        self._announced = False
        self._failures = 0

    def failed(self, fault: BaseException, *, at: str) -> bool:
        """Whether the fault belongs to an outage, which is logged once a minute at most.

        `at`: the failed operation, in a word without any user's text.
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
        """The database took a write: a logged outage is over."""
        with self._lock:
            # A heartbeat may fit on a disk where a turn doesn't.
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
