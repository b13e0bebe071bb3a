"""The log of a run's trainer, a line at a time, in a file that stays small.

A file and not a row: a line is appended without a transaction, and the page that shows it reads
what is there. A replaced holder may write a last line after its successor's first; each line has
its holder's fence.
"""

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path

from memory_app.core.atomic_files import whole_file
from memory_app.models import TrainingRun
from memory_app.services.training.run_folder import LOG_FILE, run_folder

#: Bytes of a log; beyond them its older half is removed.
MOST = 256 << 10
#: Bytes of one line, and of the end that a page shows.
LINE_MOST, SHOWN = 2000, 64 << 10
DROPPED = "… earlier lines were dropped"


def log_file(run: TrainingRun) -> Path:
    """The path of a run's log."""
    return run_folder(run) / LOG_FILE


def run_log_write(*, run: TrainingRun, fence: int, text: str) -> None:
    """Append one line. A disk that is full or away costs the line and not the run."""
    words = "".join(char if char.isprintable() else " " for char in text)[:LINE_MOST]
    line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} [{fence}] {words}\n"
    file = log_file(run)
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with file.open("a", encoding="utf-8") as log:
            log.write(line)
            size = log.tell()
        if size > MOST:
            _halve(file)


def _halve(file: Path) -> None:
    kept = _end_of(file, MOST // 2)
    with whole_file(file) as shorter:
        shorter.write(f"{DROPPED}\n{kept}".encode())


def _end_of(file: Path, most: int) -> str:
    with file.open("rb") as log:
        size = log.seek(0, os.SEEK_END)
        log.seek(max(0, size - most))
        text = log.read().decode("utf-8", "replace")
    # From the beginning of a line on.
    return text if size <= most else text.partition("\n")[2]


def run_log_read(run: TrainingRun) -> tuple[str, str]:
    """The end of the log, and a mark that changes with it; both empty without a log."""
    file = log_file(run)
    try:
        facts = file.stat()
        return _end_of(file, SHOWN), f"{facts.st_mtime_ns}-{facts.st_size}"
    except OSError:
        return "", ""
