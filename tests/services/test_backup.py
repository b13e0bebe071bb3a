"""A backup holds what is whole, and what isn't whole is refused in a sentence."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest
from django.db import connection

from memory_app.services.operations.backup import backup_make
from memory_app.services.operations.database_dump import DUMPS
from memory_app.services.operations.restore import RestoreError, backup_unpack
from memory_app.version import __version__

WEIGHTS = "checkpoints/0a/model.safetensors"


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def written(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture
def saved(transactional_db, settings, tmp_path: Path) -> Path:
    """A backup of a site without rows, with one file of a checkpoint and one half-written."""
    settings.DATA_DIR = tmp_path / "data"
    folder = settings.DATA_DIR / "checkpoints" / "0a"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder.parent / ".0b.part").write_bytes(b"half")
    contents = backup_make(path=tmp_path / "site.tar")
    assert (contents.files, contents.version) == (1, __version__)
    return tmp_path / "site.tar"


def test_it_holds_what_is_whole_and_is_never_written_over(saved):
    before = saved.read_bytes()
    assert set(members(saved)) == {DUMPS[connection.vendor], WEIGHTS, "backup.json"}
    with pytest.raises(FileExistsError):
        backup_make(path=saved)
    assert saved.read_bytes() == before
    assert not list(saved.parent.glob(".backup*"))


def test_what_is_not_whole_is_refused_in_a_sentence(saved, tmp_path):
    files = members(saved)
    manifest = json.loads(files["backup.json"])

    def with_manifest(**changes: object) -> dict[str, bytes]:
        return files | {"backup.json": json.dumps(manifest | changes).encode()}

    (other,) = set(DUMPS) - {connection.vendor}
    away = {"checkpoints/../../away": b"x"}
    hashes = manifest["files"] | {"checkpoints/../../away": hashlib.sha256(b"x").hexdigest()}
    cases = {
        "no backup": b"nothing",
        "or it isn't whole": saved.read_bytes()[:-12_000],
        "a file differs": files | {WEIGHTS: b"weights!"},
        "aren't those": {name: data for name, data in files.items() if name != WEIGHTS},
        "can't be read": files | {"backup.json": b"[]"},
        "isn't known": with_manifest(format_version=2),
        f"{other} database": with_manifest(database=other),
        "that no backup has": with_manifest(files=hashes) | away,
    }
    for number, (sentence, case) in enumerate(cases.items()):
        path = tmp_path / f"{number}.tar"
        if isinstance(case, bytes):
            path.write_bytes(case)
        else:
            written(path, case)
        folder = tmp_path / f"unpacked-{number}"
        folder.mkdir()
        with pytest.raises(RestoreError, match=sentence):
            backup_unpack(path, folder)
    assert not (tmp_path / "away").exists()
    backup_unpack(saved, tmp_path / "unpacked-0")
    assert (tmp_path / "unpacked-0" / WEIGHTS).read_bytes() == b"weights"
