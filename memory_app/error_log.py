"""The errors that this process logs, kept for the overview: what happened and where.

An entry has the log message before its values are filled in, the exception's type, the place in
our code, and ids. Values and an exception's text are left out: either may contain a user's text.
The oldest entries are removed, and an entry that repeats at once is stored once.
"""

import logging
import queue
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType

from django.db import connection

from memory_app.models import FaultEntry

#: Entries kept; entries that may wait for the database; seconds between two equal ones.
KEPT, WAITING, REPEAT = 200, 100, 10.0
#: Attributes of a log record that are ids or counts, by the names that this program uses.
FACTS = (
    "run", "turn", "chat", "checkpoint", "evaluation", "sha256", "part", "child", "status", "kind",
)  # fmt: skip
#: These loggers don't propagate to the root's handlers (settings.LOGGING).
LOGGERS = ("", "django", "uvicorn")
_HOUSE = Path(__file__).resolve().parents[1]


def describe(record: logging.LogRecord) -> str:
    """One line on a log record, without any user's text."""
    message = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
    parts = [_answer(record) or message.partition("\n")[0]]
    fault = record.exc_info[1] if record.exc_info else None
    if fault is not None:
        parts.append(f"{type(fault).__name__}{_place(fault.__traceback__)}")
    facts = [f"{name} {vars(record)[name]}" for name in FACTS if _plain(vars(record).get(name))]
    return " · ".join([*parts, *facts])[:500]


def _answer(record: logging.LogRecord) -> str:
    """Of Django's line on a failed request: the status and the route, not the path."""
    status = getattr(record, "status_code", None)
    match = getattr(getattr(record, "request", None), "resolver_match", None)
    return f"{status} at /{match.route}" if isinstance(status, int) and match is not None else ""


def _is_probe(record: logging.LogRecord) -> bool:
    """A 503 of /readyz is an answer: during a start it is requested several times a second."""
    return getattr(record, "status_code", None) == 503 and _answer(record) == "503 at /readyz"


def _plain(value: object) -> bool:
    """An id, a word or a number: none of these contains a space."""
    return isinstance(value, int | str) and 0 < len(str(value)) <= 64 and " " not in str(value)


def _place(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(_HOUSE)]
    last = next((frame for frame in reversed(own) if ".venv" not in frame.filename), None)
    return f" at {Path(last.filename).name}:{last.lineno}" if last else ""


class FaultHandler(logging.Handler):
    """Passes errors to a thread that writes them: the caller may be the event loop."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._queue: queue.Queue[tuple[str, str] | None] = queue.Queue(WAITING)
        self._recent: dict[tuple[str, str], float] = {}
        self._thread = threading.Thread(target=self._write, name="faults", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        if _is_probe(record):
            return
        try:
            entry = (record.name[:100], describe(record))
            now = time.monotonic()
            if now - self._recent.get(entry, -REPEAT) < REPEAT:
                return
            if len(self._recent) >= KEPT:
                self._recent.clear()
            self._recent[entry] = now
            self._queue.put_nowait(entry)
        except queue.Full:
            pass  # the log itself has it; the overview works without
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Write the waiting entries, and end."""
        try:
            self._queue.put(None, timeout=1)
            self._thread.join(5)
        except queue.Full:
            pass
        super().close()

    def _write(self) -> None:
        while (entry := self._queue.get()) is not None:
            try:
                fault_record(source=entry[0], message=entry[1])
            except Exception:  # noqa: S110  (a fault of the fault log must not make another)
                pass
            finally:
                connection.close()


def fault_record(*, source: str, message: str) -> None:
    """Store one entry, and delete the oldest beyond KEPT."""
    FaultEntry.objects.create(source=source, message=message)
    oldest = FaultEntry.objects.order_by("-id").values_list("id", flat=True)[KEPT : KEPT + 1]
    for last in oldest:
        FaultEntry.objects.filter(id__lte=last).delete()


_handler: FaultHandler | None = None


def start() -> None:
    """Store this process's errors from here on."""
    global _handler  # noqa: PLW0603  (one a process)
    if _handler is None:
        _handler = FaultHandler()
        for name in LOGGERS:
            logging.getLogger(name).addHandler(_handler)


def stop() -> None:
    """Restore the loggers."""
    global _handler
    handler, _handler = _handler, None
    if handler is not None:
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(handler)
        handler.close()
