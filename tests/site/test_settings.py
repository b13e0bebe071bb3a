"""Typed settings that fail loudly, and a start that is refused rather than unsafe."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from chatsite import env
from tests.at_once import at_once

ROOT = Path(__file__).parents[2]
SAFE = {
    "PROFILE": "production",
    "SECRET_KEY": "vY3m9Qx7Lr2Tz8Kp4Wd6Nf1Hj5Bs0Gc-aEoUiPqRtSwXyZ_MnVb",
    "SITE_ORIGINS": "https://a.example",
    "DATABASE_URL": "postgres://chats:kTz8Kp4Wd6Nf@h:5432/d",
    "REDIS_URL": "redis://cache:6379/0",
}


def start(tmp_path: Path, code: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    script = f"from chatsite import settings as s; {code}"
    known = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", script],
        env=known | variables,
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("variables", [{"SECRET_KEY": ""}, {"SITE_ORIGINS": ""}])
def test_production_does_not_start_without_its_secrets(tmp_path, variables):
    done = start(tmp_path, **SAFE | variables)
    assert done.returncode != 0
    assert next(iter(variables)) in done.stderr.splitlines()[-1]
    assert "ImproperlyConfigured" in done.stderr.splitlines()[-1]


def test_production_starts_with_its_settings(tmp_path):
    code = "assert s.SESSION_COOKIE_SECURE and s.ALLOWED_HOSTS == ['a.example'] and not s.DEBUG"
    url = "postgres://u:p%40kTz8Kp4@h:5/d?sslmode=require"
    done = start(tmp_path, code, **SAFE | {"DATABASE_URL": url})
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []  # the key is given, so none is kept


def test_the_data_folder_is_made_although_the_key_is_given(tmp_path):
    folder = tmp_path / "not" / "yet"
    done = start(tmp_path, SECRET_KEY="k" * 50, DATA_DIR=str(folder))
    assert done.returncode == 0, done.stderr
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_embedded_profile_needs_nothing_and_keeps_its_key(tmp_path):
    keys = {start(tmp_path, "print(s.SECRET_KEY)").stdout for _ in range(2)}
    assert len(keys) == 1
    assert len(keys.pop()) > 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_the_port_is_part_of_the_sites_origins(tmp_path):
    done = start(tmp_path, "print(*s.SITE_ORIGINS)", PORT="8123")
    names = ("localhost", "127.0.0.1", "[::1]")
    assert done.stdout.split() == [f"http://{name}:8123" for name in names]


def test_a_postgres_url_is_taken_apart(monkeypatch, tmp_path):
    monkeypatch.setenv("X", "postgresql://u%40:p%2F@h:5433/d?sslmode=require")
    found = env.database("X", tmp_path)
    assert (found["USER"], found["PASSWORD"], found["HOST"]) == ("u@", "p/", "h")
    assert (found["PORT"], found["NAME"]) == ("5433", "d")
    assert found["OPTIONS"]["sslmode"] == "require"
    # A server that is away is given up soon, unless the address itself says how long.
    assert found["OPTIONS"]["connect_timeout"] == "3"
    monkeypatch.setenv("X", "postgresql://h/d?connect_timeout=9")
    assert env.database("X", tmp_path)["OPTIONS"]["connect_timeout"] == "9"


def test_an_empty_key_file_is_no_key(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("short")
    monkeypatch.delenv("X", raising=False)
    with pytest.raises(ImproperlyConfigured):
        env.secret_key("X", tmp_path / "key")


def test_processes_that_start_at_once_have_one_key_and_none_sees_half_of_it(monkeypatch, tmp_path):
    monkeypatch.delenv("X", raising=False)
    for number in range(40):
        file = tmp_path / str(number) / "key"
        keys = at_once(*[lambda file=file: env.secret_key("X", file)] * 8)
        assert len(set(keys)) == 1, keys
        assert [one.name for one in file.parent.iterdir()] == ["key"]


def test_a_process_that_dies_while_it_makes_the_key_leaves_none_behind(monkeypatch, tmp_path):
    monkeypatch.delenv("X", raising=False)

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(os, "link", die)
        with pytest.raises(KeyboardInterrupt):
            env.secret_key("X", tmp_path / "key")
    assert not (tmp_path / "key").exists()
    assert len(env.secret_key("X", tmp_path / "key")) > 50
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
