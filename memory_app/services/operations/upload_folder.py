"""Where what a browser sends lies until it is taken or refused: below DATA_DIR, not for long."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memory_app.upload_handler import folder

#: Seconds: what is older was left by a process that was killed.
STALE = 24 * 3600
MIB = 1 << 20


@contextmanager
def working_folder() -> Iterator[Path]:
    """An empty folder under a name of the server's own, gone at the end whatever happens."""
    uploads_sweep()
    made = Path(tempfile.mkdtemp(prefix="work.", dir=folder()))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def uploads_sweep() -> None:
    """Remove what killed processes have left."""
    old = time.time() - STALE
    for path in folder().iterdir():
        try:
            if path.lstat().st_mtime < old:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        except OSError:  # another process was faster
            continue


def size_of(count: int) -> str:
    """A cap as a person reads it."""
    return f"{count / (1 << 30):g} GiB" if count >= 1 << 30 else f"{count / MIB:g} MiB"
