"""The same code, the same tests, on PostgreSQL."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.services


#: One test for each, so that they run side by side; each takes its own server.
PARTS = {
    "chats": ["tests/services", "--ignore=tests/services/chat_files"],
    "chat files": ["tests/services/chat_files"],
    "sockets": ["tests/consumers"],
    "pages and runs": [
        "tests/site/test_policy.py",
        "tests/site/test_registry.py",
        "tests/views/test_turn_endpoints.py",
        "tests/views/test_chat_list.py",
        "tests/views/dashboard/test_names_of_files.py",
        "tests/commands/test_leases.py",
        "tests/commands/test_run_controls.py",
        "tests/commands/test_deliveries.py",
        "tests/commands/test_searches.py",
    ],
}


@pytest.mark.parametrize("part", PARTS)
def test_they_pass_on_postgresql(postgres, part):
    psycopg = pytest.importorskip("psycopg")
    # A database of each part's own: Django names the test's after it.
    name = f"part{list(PARTS).index(part)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        # Should this test be run once more, the first try has left one.
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    # A process of its own: Django's database is settled when its settings are first read.
    alone = ("-q", "-p", "no:cacheprovider", "-p", "no:playwright", "-p", "no:xdist", "--no-header")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *alone, *PARTS[part]],
        cwd=ROOT,
        env=_environment() | {"DATABASE_URL": postgres.removesuffix("postgres") + name},
        text=True,
        capture_output=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


def _environment() -> dict[str, str]:
    """Without what pytest-xdist tells its workers: Django would name the database after one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return kept | {"SEQUENCES": "4"}
