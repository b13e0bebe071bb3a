"""Every variable of docs/settings.md: what it refuses, in one sentence that names it, and empty."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chatsite import url_settings

ROOT = Path(__file__).parents[2]
SAFE = {
    "PROFILE": "production",
    "SECRET_KEY": "vY3m9Qx7Lr2Tz8Kp4Wd6Nf1Hj5Bs0Gc-aEoUiPqRtSwXyZ_MnVb",
    "SITE_ORIGINS": "https://a.example",
    "ONE_PROCESS": "1",
}
NUMBERS = {
    *("PORT", "MEMORY_MAX_BATCH", "MEMORY_MAX_MODELS", "MEMORY_TRACE_CACHE_MB", "UPLOAD_MAX_MB"),
    "STATE_KEEP",
    *(
        "TURN_MAX_IDS",
        "GUEST_DAYS",
        "LONG_TERM_CHATS_MAX",
        "GUEST_CHATS",
        "GUEST_TURNS",
        "DISK_WARN_MB",
        "DISK_NO_CHATS_MB",
        "DISK_READ_ONLY_MB",
        "LOGIN_FAILURES",
        "GUEST_REPLY_SECONDS",
        "UPLOAD_SECONDS",
        "CORPUS_MAX_MB",
        "CORPUS_MAX_ROWS",
        "CORPORA_USER_MB",
        "CORPORA_TOTAL_MB",
    ),
}
FLAGS = {
    "ONE_PROCESS",
    "DEMO",
    "CRISIS_ANSWER",
    "READ_ONLY",
    "DEBUG",
    "TRUST_PROXY",
    "SSL_REDIRECT",
    "STATIC_COLLECTED",
}
LIMITS = {
    f"LIMIT_{kind}"
    for kind in (
        *(
            "MESSAGES",
            "IDS",
            "CHATS",
            "GUESTS",
            "SIGNUPS",
            "LOGINS",
            "EXPORTS",
            "IMPORTS",
            "TRACES",
        ),
        "INSPECTIONS",
    )
}
LIMIT_FAULTS = ["60", "guest", "guest=60", "guest=0/h", "guest=-1/h", "guest=1/y", "visitor=1/h",
    "guest=1/h guest=2/h", "guest=1/h;all=2/h", "none", "guest=9999999999999/h"]  # fmt: skip
BAD = {
    **{name: ["x", "-1", "1.5", "99999999999999"] for name in sorted(NUMBERS)},
    **{name: ["maybe", "2"] for name in sorted(FLAGS)},
    "HOST": ["a b", "http://localhost", "1.2.3", "::g", "[::1", "999.1.1.1", "a/b", "a:8000"],
    "DATA_DIR": ["/proc/nope", "/dev/null", "/dev/null/x"],
    "PROFILE": ["prod"],
    "SITE_ORIGINS": [
        "*", "https://*", "https://*.a.example", "a.example", "ws://a.example", "https:a.example",
        "https://a.example/", "https://a.example/sub", "https://a.example?x", "https://a.example#",
        "https://u:p@a.example", "https://a.example:99999", "https://a.example:0", "null",
        "https://a.example:x", "https://a.example:", "https://", "https://[::1", "https://::1",
        "https://[::g]", "https://a_.e x", "https://0.0.0.0", "https://[::]:8000", "https://1.2.3",
        "https://a..b", "https://-a.b", "https://good.example,https://a.example/", "file:///x",
    ],
    "DATABASE_URL": [
        "sqlite://data.db", "sqlite:data.db", "sqlite:", "sqlite:///", "sqlite:////proc/nope/x.db",
        "sqlite:////tmp", "mysql://x/y", "postgres://h", "postgres://h/", "postgres://u:p@h:99999/d",
        "postgres://u:p@h:0/d", "postgres://u:p@[::1/d", "postgres://h/d/e", "postgres:///d",
        "postgres://h/d?sslmod=x", "postgres://h/d?sslmode", "data.db", "postgres://h o/d",
    ],
    "REDIS_URL": [
        "localhost:6379", "localhost", "http://h:6379", "redis://", "redis://h:99999", "redis:h",
        "redis://h:6379/x", "redis://h:6379/0/1", "amqp://h",
    ],
    "BROKER_URL": ["foo://x", "h:5672", "amqp://", "amqp://h:99999", "redis://h/x", "memory://"],
    **dict.fromkeys(sorted(LIMITS), LIMIT_FAULTS),
    "STAFF_TOTP": ["1", "on"],
    "SECURITY_CONTACT": ["me@example.org", "http://a.example", "mailto:a b@c.org"],
    "WORD_FILTER": ["/nonexistent", "a b:c", "module:", "/proc"],
    "LOG_LEVEL": ["verbose", "10"],
    "STATIC_ROOT": ["/nonexistent"],
}  # fmt: skip
#: What may be any text, and what others read than the site's settings.
ANY_TEXT = {"SECRET_KEY", "METRICS_TOKEN"}
OTHERS = {
    *("PYTHON", "PIP_EXTRA_INDEX_URL", "TORCH_BUILD", "ARGS", "REQUIRE_SERVICES", "KILL_ROUNDS"),
    *("KILL_SEED", "DELIVERY_ROUNDS", "WORLD_SIZE", "RANK", "LOCAL_RANK"),
}
GOOD = [
    SAFE,
    {"SITE_ORIGINS": "http://[::1]:8131,HTTPS://Chat.Example.org:443, https://bücher.example"},
    {"DATABASE_URL": "sqlite:///data.db"},
    {"HOST": "0.0.0.0"},
    {"HOST": "[::1]"},
    {"HOST": "::"},
    {"LOG_LEVEL": "debug"},
    {"DEBUG": "False"},
]


def around(name: str, value: str) -> dict[str, str]:
    """A variable with those that make it be read."""
    wanted = {"STATIC_ROOT": {"STATIC_COLLECTED": "1"}, "SSL_REDIRECT": SAFE}
    return {**wanted.get(name, {}), name: value}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory):
    """The answer to each case, by its variables."""
    cases = [around(name, value) for name, values in BAD.items() for value in values]
    cases += [around(name, empty) for name in (*BAD, *ANY_TEXT) for empty in ("", " ")] + GOOD
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/site/values.py")],
        env={
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(tmp_path_factory.mktemp("data")),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(ROOT),
        },
        input=json.dumps(cases),
        cwd=tmp_path_factory.mktemp("here"),
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(map(str, cases), json.loads(done.stdout), strict=True))


def test_the_table_has_every_variable_of_the_page():
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    headings = {
        name
        for line in re.findall(r"^### (.*)", page, re.M)
        for name in re.findall("`(.*?)`", line)
    }
    assert headings == {*BAD, *ANY_TEXT, *OTHERS}


@pytest.mark.parametrize("name", BAD)
def test_a_value_that_cannot_be_used_is_one_sentence_that_names_its_variable(refusals, name):
    for value in BAD[name]:
        told = refusals[str(around(name, value))]
        assert told is not None, f"{name}={value} was taken"
        assert told.startswith(name), told
        assert told.endswith("."), told
        assert "\n" not in told
        assert "u:p@" not in told  # a log is no place for a password


@pytest.mark.parametrize("name", [*BAD, *sorted(ANY_TEXT)])
def test_an_empty_variable_is_an_unset_one(refusals, name):
    unset = "STATIC_ROOT" if name == "STATIC_ROOT" else None
    for empty in ("", " "):
        told = refusals[str(around(name, empty))]
        # Collected files are looked for in the default folder, where a checkout has none.
        assert told is None or (unset and str(ROOT / "staticfiles") in told), told


@pytest.mark.parametrize("case", GOOD, ids=str)
def test_a_sound_value_is_taken(refusals, case):
    assert refusals[str(case)] is None


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("http://[0:0::1]:8131", "http://[::1]:8131"),
        ("HTTPS://Chat.Example.org:443", "https://chat.example.org"),
        ("http://localhost:80", "http://localhost"),
        ("https://localhost:80", "https://localhost:80"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(written, sent):
    assert url_settings.origin(written) == sent
