"""A backup of the whole site in one tar, made while the site runs (restore.py is its way back).

The tar holds a consistent copy of the database, the folders of `FOLDERS` and, as its last member,
`backup.json` with the SHA-256 of every other. It holds neither the site's secret key nor what is
made anew by itself: unit indexes, the queue, uploads under way.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import connection
from django.utils import timezone

from memory_app.core.atomic_files import whole_file
from memory_app.services.operations.database_dump import DUMPS, database_dump
from memory_app.version import __version__

FORMAT_VERSION = 1
MANIFEST = "backup.json"
#: What lies below DATA_DIR and can't be made anew.
FOLDERS = ("checkpoints", "corpora", "runs", "consolidation")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a tar holds: the bytes of the database, and files beside it."""

    database: str
    created: str
    version: str
    files: int
    size: int


def backup_make(*, path: Path) -> Contents:
    """Write a backup to `path`, whole or not at all, readable by its owner alone.

    Files are listed before and after the database is copied: a checkpoint that was registered
    meanwhile is in it, and files never change once they have their name.

    Raises:
        DumpError: the dump failed, or its program is missing.
        FileExistsError: there is such a file.
        OSError: it can't be written.
    """
    root = Path(settings.DATA_DIR)
    hashes: dict[str, str] = {}
    size = 0
    with tempfile.TemporaryDirectory(prefix=".backup.", dir=path.absolute().parent) as folder:
        dump = Path(folder) / DUMPS[connection.vendor]
        before = _files(root)
        database_dump(dump)
        with (
            whole_file(path, over=False) as file,
            tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            members = {dump.name: dump} | dict.fromkeys(before | _files(root))
            for name, source in members.items():
                added = _add(tar, name, source or root / name)
                if added is not None:
                    hashes[name], length = added
                    size += length
            created = timezone.now().isoformat(timespec="seconds")
            manifest = {
                "format_version": FORMAT_VERSION,
                "gatescope": __version__,
                "database": connection.vendor,
                "created": created,
                "files": hashes,
            }
            data = json.dumps(manifest, indent=2, sort_keys=True).encode()
            _add_bytes(tar, MANIFEST, data)
    return Contents(connection.vendor, created, __version__, len(hashes) - 1, size)


def _files(root: Path) -> dict[str, None]:
    """Names of the files to keep, relative to `root`; without half-written ones."""
    found = (path for name in FOLDERS for path in sorted((root / name).rglob("*")))
    names: dict[str, None] = {}
    for path in found:
        relative = path.relative_to(root)
        hidden = any(part.startswith(".") for part in relative.parts)
        if not hidden and path.is_file() and not path.is_symlink():
            names[relative.as_posix()] = None
    return names


def _add(tar: tarfile.TarFile, name: str, source: Path) -> tuple[str, int] | None:
    """Add a file; its SHA-256 and length, or None when it was removed meanwhile."""
    try:
        file = source.open("rb")
    except FileNotFoundError:
        return None
    with file:
        info = tarfile.TarInfo(name)
        facts = os.fstat(file.fileno())
        info.size, info.mtime, info.mode = facts.st_size, int(facts.st_mtime), 0o600
        reader = _Hashed(file, info.size)
        tar.addfile(info, reader)
        return reader.sha256.hexdigest(), info.size


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o600
    tar.addfile(info, io.BytesIO(data))


class _Hashed:
    """The first `size` bytes of a file (a log may grow meanwhile), hashed as they are read."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left, self.sha256 = file, size, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        self.sha256.update(data)
        return data
