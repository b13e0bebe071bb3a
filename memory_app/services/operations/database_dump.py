"""The database as one file, and back: SQLite's own copy, PostgreSQL's own programs."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from django.db import connection

from memory_app.core.atomic_files import whole_file

#: The file's name, by what made it.
DUMPS = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}


class DumpError(Exception):
    """The database couldn't be copied or loaded, with the reason."""


def database_dump(target: Path) -> None:
    """Write a consistent copy of the database, while others write to it.

    Raises:
        DumpError: a program of PostgreSQL is missing, or failed.
    """
    if connection.in_atomic_block:
        # SQLite would wait for this very transaction.
        raise DumpError("a transaction is open")
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        # One step under one read lock: in WAL mode writers go on meanwhile.
        with closing(sqlite3.connect(target)) as copy:
            connection.connection.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        target.chmod(0o600)
        return
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def database_load(dump: Path) -> None:
    """Put a copy in the place of an empty database, whole or not at all.

    Raises:
        DumpError: the copy is damaged; a program of PostgreSQL is missing, or failed.
    """
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(dump)) as copy:
            (answer,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        if answer != "ok":
            raise DumpError(f"Its database is damaged: {answer}")
        place = Path(str(connection.settings_dict["NAME"]))
        connection.close()
        # An empty database's log must not be played over the restored file.
        for left in ("-wal", "-shm"):
            place.with_name(place.name + left).unlink(missing_ok=True)
        with dump.open("rb") as source, whole_file(place) as file:
            shutil.copyfileobj(source, file)
        return
    name = str(connection.settings_dict["NAME"])
    connection.close()
    _run(
        "pg_restore",
        *("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"),
        *(f"--dbname={name}", str(dump)),
    )


def _run(program: str, *arguments: str) -> None:
    """PostgreSQL's own programs; the password goes by the environment, where `ps` shows none."""
    found = shutil.which(program)
    if found is None:
        raise DumpError(f"{program} is missing: install PostgreSQL's client programs.")
    known = connection.settings_dict
    keys = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD"}
    address = {keys[key]: str(known[key]) for key in keys if known.get(key)}
    address["PGDATABASE"] = str(known["NAME"])
    done = subprocess.run(
        [found, *arguments], env=os.environ | address, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise DumpError(f"{program} failed: {lines[-1] if lines else done.returncode}")
