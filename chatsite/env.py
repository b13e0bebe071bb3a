"""Typed readers of environment variables. A value that can't be read stops the start-up."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def integer(name: str, default: int, *, least: int, most: int) -> int:
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None
    if not least <= number <= most:
        raise ImproperlyConfigured(f"{name} must lie from {least} to {most}, not {number}.")
    return number


def words(name: str, default: list[str] | None = None) -> list[str]:
    """A list parted by commas."""
    value = os.environ.get(name)
    if value is None:
        return list(default or [])
    return [word.strip() for word in value.split(",") if word.strip()]


def folder(name: str, default: Path) -> Path:
    return Path(os.environ.get(name) or default).expanduser().resolve()


def secret_key(name: str, file: Path) -> str:
    """The key from the environment, or one made once and kept in `file`, readable by its owner."""
    value = os.environ.get(name)
    if value:
        return value
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists():
        _make_key(file)
    key = file.read_text().strip()
    if len(key) < 32:
        raise ImproperlyConfigured(f"{file} holds no usable key; delete it to have one made.")
    return key


def _make_key(file: Path) -> None:
    """A key in a file that is there whole or not at all, whoever dies or starts meanwhile."""
    descriptor, made = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as out:
            out.write(secrets.token_urlsafe(48))
            out.flush()
            os.fsync(out.fileno())
        # A link settles the race of processes that start at once: one has its key there, all read.
        with contextlib.suppress(FileExistsError):
            os.link(made, file)
    finally:
        os.unlink(made)


def database(name: str, sqlite_file: Path) -> dict[str, Any]:
    """Django's settings for `postgres://user:password@host:port/name`, or SQLite in `sqlite_file`.

    SQLite runs in WAL mode and takes the write lock when a transaction begins: a transaction that
    reads first and asks for the lock later fails with "database is locked" however long it waits.
    """
    url = os.environ.get(name, "")
    if not url or url.startswith("sqlite:"):
        path = url.removeprefix("sqlite:///") if url.startswith("sqlite:///") else str(sqlite_file)
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": path,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                " PRAGMA secure_delete=ON;",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(f"{name} must be postgres://user:password@host:port/name.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
        "CONN_HEALTH_CHECKS": True,
    }
