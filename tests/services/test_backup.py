"""A backup holds everything, what is restored of it is equal, and what isn't whole is refused."""

import hashlib
import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from memory_app.services.operations.backup import backup_make
from memory_app.services.operations.restore import RestoreError, backup_unpack
from memory_app.version import __version__

ROOT = Path(__file__).parents[2]
FEW = b'{"turns": [{"role": "user", "text": "Hi."}, {"role": "bot", "text": "Hello."}]}\n'
WEIGHTS = "checkpoints/0a/model.safetensors"


def command(data: Path, *arguments: str) -> dict[str, Any]:
    """What starts manage.py on a site of its own."""
    gone = {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL"}
    kept = {key: value for key, value in os.environ.items() if key not in gone}
    line = [sys.executable, str(ROOT / "manage.py"), *arguments, "--json"]
    return {"args": line, "env": kept | {"DATA_DIR": str(data)}, "stdout": -1, "text": True}


def manage(data: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(**command(data, *arguments), check=False, timeout=300)
    assert done.stdout
    return done.returncode, json.loads(done.stdout)


def wait_for_turns(data: Path, count: int) -> None:
    query = "SELECT count(*) FROM memory_app_turn WHERE state_sha256 IS NOT NULL"
    while True:
        with (
            suppress(sqlite3.OperationalError),  # no file or table yet
            closing(sqlite3.connect(f"file:{data}/gatescope.sqlite3?mode=ro", uri=True)) as rows,
        ):
            if rows.execute(query).fetchone()[0] >= count:
                return
        time.sleep(0.05)


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


@pytest.mark.slow
def test_what_was_saved_while_others_wrote_is_restored_equal(tmp_path):
    old, new, tar = tmp_path / "old", tmp_path / "new", tmp_path / "site.tar"
    for folder in (old, new):
        folder.mkdir()
    (old / "corpora").mkdir()
    (old / "corpora" / "few.jsonl").write_bytes(FEW)
    writer = subprocess.Popen(**command(old, "chat_cli"), stdin=subprocess.PIPE)
    writer.stdin.write("hello\n" * 5)
    writer.stdin.close()
    wait_for_turns(old, 2)
    status, made = manage(old, "backup", str(tar))
    writer.stdout.read()
    writer.stdout.close()
    writer.wait(200)
    assert (status, made["database"], writer.returncode) == (0, "sqlite", 0), made
    assert tar.stat().st_mode & 0o777 == 0o600
    assert "secret_key" not in members(tar)
    status, restored = manage(new, "restore", str(tar))
    assert status == 0, restored
    status, verified = manage(new, "verify_sessions")
    assert (status, verified["faults"]) == (0, [])
    assert verified["turns"] >= 2
    for folder in ("checkpoints", "corpora"):
        for path in (old / folder).rglob("*"):
            copy = new / path.relative_to(old)
            assert path.is_dir() or copy.read_bytes() == path.read_bytes(), copy
    status, again = manage(new, "restore", str(tar))
    assert status == 1
    assert "isn't empty" in again["error"]


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
    assert set(members(saved)) == {"database.sqlite3", WEIGHTS, "backup.json"}
    with pytest.raises(FileExistsError):
        backup_make(path=saved)
    assert saved.read_bytes() == before
    assert not list(saved.parent.glob(".backup*"))


def test_what_is_not_whole_is_refused_in_a_sentence(saved, tmp_path):
    files = members(saved)
    manifest = json.loads(files["backup.json"])

    def with_manifest(**changes: object) -> dict[str, bytes]:
        return files | {"backup.json": json.dumps(manifest | changes).encode()}

    away = {"checkpoints/../../away": b"x"}
    hashes = manifest["files"] | {"checkpoints/../../away": hashlib.sha256(b"x").hexdigest()}
    cases = {
        "no backup": b"nothing",
        "or it isn't whole": saved.read_bytes()[:-12_000],
        "a file differs": files | {WEIGHTS: b"weights!"},
        "aren't those": {name: data for name, data in files.items() if name != WEIGHTS},
        "can't be read": files | {"backup.json": b"[]"},
        "isn't known": with_manifest(format_version=2),
        "postgresql database": with_manifest(database="postgresql"),
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
