"""The folder of uploads until they are taken or refused: below DATA_DIR."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memory_app.upload_handler import folder

#: Seconds after which a folder counts as left by a killed process.
STALE = 24 * 3600
MIB = 1 << 20


@contextmanager
def working_folder() -> Iterator[Path]:
    """An empty folder under a name of the server's own, removed at the end in any case."""
    uploads_sweep()
    path = Path(tempfile.mkdtemp(prefix="work.", dir=folder()))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def uploads_sweep() -> None:
    """Remove what killed processes left."""
    old = time.time() - STALE
    for path in folder().iterdir():
        try:
            if path.lstat().st_mtime < old:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        except OSError:  # another process was faster
            continue
