"""A backup's way back: into an empty database, every byte compared before anything is in place."""

import hashlib
import json
import os
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from memory_app.core.atomic_files import remove_folder, sync
from memory_app.services.operations.backup import FOLDERS, FORMAT_VERSION, MANIFEST, Contents
from memory_app.services.operations.database_dump import DUMPS, database_load

#: Bytes of a manifest: more names than any site has files.
MANIFEST_MOST = 64 << 20
CHUNK = 1 << 20


class RestoreError(Exception):
    """This backup can't be restored here, with the reason; nothing was changed."""


def backup_restore(*, path: Path) -> Contents:
    """Restore a backup into an empty database, and its files below DATA_DIR.

    Every byte is compared with the manifest's hashes before anything is put in place; then the
    files, which no row names yet, then the database. Migrations that are newer than the backup are
    applied.

    Raises:
        RestoreError: the tar isn't whole, is of another database, or the database isn't empty.
        OSError: it can't be read, or the disk is full.
    """
    if connection.introspection.table_names():
        raise RestoreError(
            "The database isn't empty: restore into a new DATA_DIR or an empty DATABASE_URL."
        )
    root = Path(settings.DATA_DIR)
    with tempfile.TemporaryDirectory(prefix=".restore.", dir=root) as folder:
        unpacked = Path(folder)
        contents = backup_unpack(path, unpacked)
        for name in FOLDERS:
            if (unpacked / name).is_dir():
                _put_in_place(unpacked / name, root / name)
        database_load(unpacked / DUMPS[contents.database])
    call_command("migrate", interactive=False, verbosity=0)
    return contents


def backup_unpack(path: Path, folder: Path) -> Contents:
    """Write every member of a backup below `folder`, each compared with its hash.

    Raises:
        RestoreError: the tar isn't whole, is none of ours, or is of another database.
        OSError: it can't be read, or the disk is full.
    """
    try:
        with tarfile.open(path, mode="r:") as tar:
            members = {member.name: member for member in tar}
            manifest = _manifest(tar, members)
            hashes = manifest["files"]
            if set(members) - {MANIFEST} != set(hashes):
                raise RestoreError("It isn't whole: its files aren't those that it lists.")
            for name, sha256 in hashes.items():
                _extract(tar, members[name], folder, sha256)
    except (tarfile.TarError, EOFError) as fault:
        raise RestoreError("This is no backup of Gatescope, or it isn't whole.") from fault
    return Contents(
        manifest["database"],
        str(manifest["created"]),
        str(manifest["gatescope"]),
        len(hashes) - 1,
        sum(members[name].size for name in hashes),
    )


def _manifest(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> dict[str, Any]:
    member = members.get(MANIFEST)
    file = tar.extractfile(member) if member is not None and member.isreg() else None
    if member is None or file is None or member.size > MANIFEST_MOST:
        raise RestoreError("This is no backup of Gatescope, or it isn't whole.")
    try:
        manifest = json.loads(file.read())
        version, vendor, hashes = (manifest[k] for k in ("format_version", "database", "files"))
        known = manifest["created"], manifest["gatescope"]
    except (ValueError, KeyError, TypeError) as fault:
        raise RestoreError("Its backup.json can't be read.") from fault
    if version != FORMAT_VERSION or vendor not in DUMPS or not isinstance(hashes, dict):
        raise RestoreError(f"Its format isn't known here: it was made by Gatescope {known[1]}.")
    if vendor != connection.vendor:
        raise RestoreError(
            f"It holds a {vendor} database; this site's is {connection.vendor}: set DATABASE_URL"
            " to an empty one of that kind."
        )
    if DUMPS[vendor] not in hashes:
        raise RestoreError("It isn't whole: the database is missing.")
    return dict(manifest)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, sha256: object) -> None:
    top, _, rest = member.name.partition("/")
    safe = member.name in DUMPS.values() or (
        top in FOLDERS and rest and not any(part in {"", ".", ".."} for part in rest.split("/"))
    )
    file = tar.extractfile(member) if safe and member.isreg() else None
    if file is None:
        raise RestoreError("It holds a file that no backup has.")
    target = folder / member.name
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if digest.hexdigest() != sha256:
        raise RestoreError("It isn't whole: a file differs from what was saved.")


def _put_in_place(source: Path, target: Path) -> None:
    """The restored folder instead of what an empty database has no row for."""
    for folder in [source, *(path for path in source.rglob("*") if path.is_dir())]:
        sync(folder)
    remove_folder(target)
    source.rename(target)
    sync(target.parent)
