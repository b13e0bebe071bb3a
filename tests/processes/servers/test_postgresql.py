"""The same code, the same tests, on PostgreSQL."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.services


def test_chats_site_and_runs_pass_their_tests_on_postgresql(postgres):
    pytest.importorskip("psycopg")
    # A process of its own: Django's database is settled when its settings are first read.
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:playwright",
            "--no-header", "tests/consumers", "tests/services", "tests/site/test_policy.py",
            "tests/site/test_registry.py", "tests/views/test_turn_endpoints.py",
            "tests/views/test_chat_list.py", "tests/views/dashboard/test_names_of_files.py",
            "tests/commands/test_leases.py",
            "tests/commands/test_run_controls.py", "tests/commands/test_deliveries.py",
            "tests/commands/test_searches.py",
        ],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": postgres},
        text=True,
        capture_output=True,
        timeout=1800,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
