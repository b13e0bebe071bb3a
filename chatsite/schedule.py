"""Intervals of the periodic tasks, on a monotonic clock."""

from datetime import UTC, datetime, timedelta
from time import monotonic

from celery.schedules import schedule

_BEGAN, _BEGAN_AT = monotonic(), datetime.now(UTC)


class Every(schedule):
    """An interval in seconds of monotonic time.

    Celery's own reads the system's clock: after that is set back by an hour, nothing is due for an
    hour, and orphaned runs wait as long. This one counts from what `now` returns, on both sides.
    """

    def now(self) -> datetime:
        return _BEGAN_AT + timedelta(seconds=monotonic() - _BEGAN)
