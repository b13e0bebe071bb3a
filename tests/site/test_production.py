"""A production site that would be unsafe doesn't start, and says which setting it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.site.test_settings import SAFE, start

ROOT = Path(__file__).parents[2]
KEY = SAFE["SECRET_KEY"]
#: (what is set otherwise, the setting that the refusal begins with)
UNSAFE = [
    ({"SECRET_KEY": ""}, "Production needs SECRET_KEY"),
    ({"SECRET_KEY": KEY[:40]}, "SECRET_KEY"),
    ({"SECRET_KEY": "k" * 60}, "SECRET_KEY"),
    ({"SECRET_KEY": "0123456789ab" * 5}, "SECRET_KEY"),
    ({"SECRET_KEY": "django-insecure-" + KEY}, "SECRET_KEY"),
    ({"SECRET_KEY": "please-changeme-" + KEY}, "SECRET_KEY"),
    ({"DEBUG": "1"}, "DEBUG"),
    ({"LOG_LEVEL": "DEBUG"}, "LOG_LEVEL"),
    ({"METRICS_TOKEN": "short"}, "METRICS_TOKEN"),
    ({"SITE_ORIGINS": ""}, "Production needs SITE_ORIGINS"),
    ({"SITE_ORIGINS": "*"}, "SITE_ORIGINS"),
    ({"SITE_ORIGINS": "http://chat.example.org"}, "SITE_ORIGINS"),
    ({"SITE_ORIGINS": "https://a.example,http://a.example"}, "SITE_ORIGINS"),
    ({"SITE_ORIGINS": "https://a.example,https://localhost"}, "SITE_ORIGINS"),
    ({"SITE_ORIGINS": "https://a.example/chat"}, "SITE_ORIGINS"),
    ({"SITE_ORIGINS": "https://user@a.example"}, "SITE_ORIGINS"),
    ({"SITE_ORIGINS": "https://0.0.0.0"}, "SITE_ORIGINS"),
    ({"SITE_ORIGINS": "https://a.example:99999"}, "SITE_ORIGINS"),
    ({"SSL_REDIRECT": "0"}, "SSL_REDIRECT"),
    ({"DATABASE_URL": ""}, "DATABASE_URL"),
    ({"DATABASE_URL": "", "REDIS_URL": ""}, "DATABASE_URL"),
    ({"DATABASE_URL": "sqlite:////tmp/x.sqlite3"}, "DATABASE_URL"),
    ({"DATABASE_URL": "postgres://chats@db/d"}, "DATABASE_URL"),
    ({"DATABASE_URL": "postgres://chats:password@db/d"}, "DATABASE_URL"),
    ({"DATABASE_URL": "postgres://chats:chats@db/d"}, "DATABASE_URL"),
    ({"DATABASE_URL": "postgres://postgres:kTz8Kp4Wd6Nf@db/d"}, "DATABASE_URL"),
    (
        {"DATABASE_URL": "postgres://chats:kTz8Kp4Wd6Nf@db.example.org/d?sslmode=disable"},
        "DATABASE_URL",
    ),
    ({"REDIS_URL": ""}, "REDIS_URL"),
    ({"REDIS_URL": "redis://cache.example.org/0"}, "REDIS_URL"),
    ({"REDIS_URL": "redis://:kTz8Kp4Wd6Nf@cache.example.org/0"}, "REDIS_URL"),
    ({"REDIS_URL": "rediss://:kTz8Kp4Wd6Nf@cache.example.org/0?ssl_cert_reqs=none"}, "REDIS_URL"),
    ({"BROKER_URL": "amqp://guest:guest@rabbit/"}, "BROKER_URL"),
    ({"BROKER_URL": "amqp://rabbit.example.org/"}, "BROKER_URL"),
    ({"BROKER_URL": "memory://"}, "BROKER_URL"),
    ({"LOGIN_FAILURES": "0"}, "LOGIN_FAILURES"),
    ({"LOGIN_FAILURES": "500"}, "LOGIN_FAILURES"),
    ({"STAFF_TOTP": "off"}, "STAFF_TOTP"),
    ({"LIMIT_MESSAGES": "off"}, "LIMIT_MESSAGES"),
    ({"LIMIT_IDS": "guest=5/h member=9/h"}, "LIMIT_IDS"),
    ({"LIMIT_GUESTS": "off"}, "LIMIT_GUESTS"),
    ({"LIMIT_LOGINS": "off"}, "LIMIT_LOGINS"),
    ({"LIMIT_SIGNUPS": "off"}, "LIMIT_SIGNUPS"),
    ({"GUEST_DAYS": "0"}, "GUEST_DAYS"),
    ({"DISK_READ_ONLY_MB": "0"}, "DISK_READ_ONLY_MB"),
    ({"DISK_READ_ONLY_MB": "8"}, "DISK_READ_ONLY_MB"),
    ({"DISK_WARN_MB": "100"}, "DISK_WARN_MB"),
]
SOUND = [
    {},
    {"DATABASE_URL": "", "REDIS_URL": "", "ONE_PROCESS": "1"},
    {"SITE_ORIGINS": "http://localhost:8000"},
    {"SSL_REDIRECT": "0", "TRUST_PROXY": "1"},
    {"DATABASE_URL": "postgres://chats@%2Fvar%2Frun/d"},
    {"REDIS_URL": "rediss://:kTz8Kp4Wd6Nf@cache.example.org/0"},
    {"BROKER_URL": "amqp://chats:kTz8Kp4Wd6Nf@rabbit/"},
    {"STAFF_TOTP": "required", "METRICS_TOKEN": KEY},
]


@pytest.fixture(scope="module")
def refusals(tmp_path_factory):
    """The answer to each case, from processes that read nothing but the settings."""
    data = tmp_path_factory.mktemp("data")
    cases = [SAFE | case for case, _ in UNSAFE] + [SAFE | case for case in SOUND]
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/site/values.py")],
        env={
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(data),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(ROOT),
        },
        input=json.dumps(cases),
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(map(str, cases), json.loads(done.stdout), strict=True))


@pytest.mark.parametrize(("case", "names"), UNSAFE, ids=[str(case) for case, _ in UNSAFE])
def test_an_unsafe_site_does_not_start(refusals, case, names):
    told = refusals[str(SAFE | case)]
    assert told is not None
    assert told.startswith(names), told
    assert told.endswith(".")
    assert "\n" not in told
    for secret in ("kTz8Kp4Wd6Nf", KEY):
        assert secret not in told


@pytest.mark.parametrize("case", SOUND, ids=str)
def test_a_sound_site_starts(refusals, case):
    assert refusals[str(SAFE | case)] is None


def test_a_data_folder_that_everybody_may_write_to_is_refused(tmp_path):
    tmp_path.chmod(0o777)
    done = start(tmp_path, **SAFE)
    assert "DATA_DIR: every user" in done.stderr.splitlines()[-1]
    static = start(tmp_path, **SAFE | {"DATA_DIR": str(ROOT / "static" / "js")})
    assert "DATA_DIR lies in a folder whose files are served" in static.stderr.splitlines()[-1]


@pytest.mark.parametrize("command", [("manage.py", "up"), ("manage.py", "migrate"), ("worker",)])
def test_no_process_starts_by_another_way(tmp_path, command):
    argv = [sys.executable, str(ROOT / "manage.py"), *[c for c in command if c != "manage.py"]]
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        argv, env=env | SAFE | {"DEBUG": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "DEBUG must be 0" in done.stderr
    assert "Traceback" not in done.stderr
