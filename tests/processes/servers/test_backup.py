"""A backup of PostgreSQL, by its own programs, and its way back into an empty database."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg

from tests.processes.servers.conftest import postgres_binaries

ROOT = Path(__file__).parents[3]


def manage(data: Path, address: str, *arguments: str, text: str = "") -> tuple[int, dict]:
    environment = os.environ | {"DATA_DIR": str(data), "DATABASE_URL": address}
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments, "--json"],
        env=environment
        | {"DJANGO_SETTINGS_MODULE": "chatsite.settings", "PATH": postgres_binaries()},
        input=text,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.stdout
    return done.returncode, json.loads(done.stdout)


def test_postgresql_is_saved_and_restored(postgres, tmp_path):
    server = postgres.rpartition("/")[0]
    with psycopg.connect(postgres, autocommit=True) as admin:
        for name in ("backup_old", "backup_new"):
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            admin.execute(f"CREATE DATABASE {name}")
    old, new, tar = tmp_path / "old", tmp_path / "new", tmp_path / "site.tar"
    for folder in (old, new):
        folder.mkdir()
    status, chat = manage(old, f"{server}/backup_old", "chat_cli", text="hello\nand again\n")
    assert (status, len(chat["turns"])) == (0, 2)
    status, made = manage(old, f"{server}/backup_old", "backup", str(tar))
    assert (status, made["database"]) == (0, "postgresql"), made
    status, refused = manage(old, f"{server}/backup_old", "restore", str(tar))
    assert status == 1
    assert "isn't empty" in refused["error"]
    status, restored = manage(new, f"{server}/backup_new", "restore", str(tar))
    assert (status, restored["files"]) == (0, made["files"]), restored
    verified = manage(new, f"{server}/backup_new", "verify_sessions")
    assert verified == (0, {"turns": 2, "faults": []})
