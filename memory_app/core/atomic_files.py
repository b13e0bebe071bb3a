"""Files and folders that are there whole or not at all: written beside, synced, put in place."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4


def sync(path: Path) -> None:
    """Make a file's bytes, or the names in a folder, outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def whole_file(path: Path, *, over: bool = True, part: Path | None = None) -> Iterator[BinaryIO]:
    """A file, mode 0600, that gets the name `path` when the block ends without an error.

    With `over` it takes the place of an existing file. `part` is its name until then: a name of
    its own unless the caller clears up after killed processes by that name.

    Raises:
        FileExistsError: there is such a file, and not `over`.
        OSError: the disk is full or can't be written; what was there is as it was.
    """
    part = part or path.with_name(f".{path.name}.{uuid4().hex}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if over:
            part.replace(path)
        else:
            os.link(part, path)  # unlike a rename, never over a file that has come meanwhile
        sync(path.parent)
    finally:
        # Not only after a link: what is half written takes up room that its writer may wait for.
        part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder that gets the name `path` when the block ends without an error, its files synced.

    Raises:
        OSError: there is such a folder, or the disk can't be written.
    """
    part = Path(tempfile.mkdtemp(prefix=f".{path.name[:16]}.", dir=path.parent))
    try:
        yield part
        for file in part.iterdir():
            sync(file)
        sync(part)
        part.chmod(0o755)
        part.rename(path)
        sync(path.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def remove_folder(path: Path) -> None:
    """Remove a folder whose name stands for all of it: whoever sees the name sees every file.

    It loses its name first. What a killed process leaves begins with a dot, like half a
    `whole_folder`, and is its owner's to sweep; a folder that isn't there is none to remove.
    """
    gone = path.with_name(f".{path.name[:16]}.{uuid4().hex}")
    with suppress(OSError):
        path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
