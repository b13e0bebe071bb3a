"""One JSON object a line on stderr: what happened to which id, without any user's text."""

import json
import logging
from datetime import UTC, datetime

from memory_app.request_id import request_id

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Escapes control characters, so that no value can forge a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        if named := request_id.get():
            entry["request"] = named
        # Django passes whole requests to its loggers; only plain values are an event's facts.
        entry |= {
            key: value
            for key, value in vars(record).items()
            if key not in _STANDARD and isinstance(value, str | int | float | bool | None)
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        # JSON escapes the others.
        return json.dumps(entry, ensure_ascii=True).replace("\x7f", "\\u007f")


class WithoutProbes(logging.Filter):
    """Drops Django's line for each 503 of /readyz: a start requests it several times a second."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (
            getattr(record, "status_code", None) == 503 and record.getMessage().endswith("/readyz")
        )
