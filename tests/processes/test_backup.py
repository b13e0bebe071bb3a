"""A site is saved while others write to it, and what is restored of it is equal."""

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

ROOT = Path(__file__).parents[2]
FEW = b'{"turns": [{"role": "user", "text": "Hi."}, {"role": "bot", "text": "Hello."}]}\n'


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
    with tarfile.open(tar) as saved:
        assert "secret_key" not in saved.getnames()
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
