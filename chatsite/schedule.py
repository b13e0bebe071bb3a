"""Intervals of the periodic tasks, on a clock that nobody sets."""

from datetime import UTC, datetime, timedelta
from time import monotonic

from celery.schedules import schedule

_BEGAN, _BEGAN_AT = monotonic(), datetime.now(UTC)


class Every(schedule):
    """Every so many seconds, as they pass.

    Celery's own asks the system's clock: once that is put back by an hour, nothing is due for an
    hour, and orphaned runs wait as long. It counts from what `now` returns, on both sides.
    """

    def now(self) -> datetime:
        return _BEGAN_AT + timedelta(seconds=monotonic() - _BEGAN)
