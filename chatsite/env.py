"""Typed readers of environment variables. An unreadable value stops the start-up.

An empty variable counts as unset everywhere: `.env` files and compose pass unset ones so.
"""

import contextlib
import os
import secrets
from collections.abc import Callable, Collection
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from urllib.parse import parse_qsl, unquote

from django.core.exceptions import ImproperlyConfigured

from chatsite import url_settings
from memory_app.core.atomic_files import whole_file
from memory_app.core.number_text import whole_number
from memory_app.core.rates import BadRate, Rate, parse_rates

_P = ParamSpec("_P")
_T = TypeVar("_T")
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
_REDIS, _AMQP = ("redis", "rediss"), ("amqp", "amqps")
#: Options of psycopg's pool and libpq where DATABASE_URL names no others. Seconds: to connect;
#: until a silent connection is probed, and between two probes; until the kernel gives a server up
#: (milliseconds).
_PATIENCE = {
    "connect_timeout": "3",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}


def text(name: str, default: str = "") -> str:
    value = os.environ.get(name, "")
    return value if value.strip() else default


def choice(name: str, options: Collection[str], default: str) -> str:
    """One of several words, in any case."""
    value = text(name, default).strip()
    named = {option.lower(): option for option in options}.get(value.lower())
    if named is None:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(options)}, not {value!r}.")
    return named


def flag(name: str, default: bool = False) -> bool:
    value = text(name).strip().lower()
    if value and value not in _TRUE | _FALSE:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")
    return value in _TRUE if value else default


def integer(name: str, default: int, *, least: int, most: int) -> int:
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None
    if not least <= number <= most:
        raise ImproperlyConfigured(f"{name} must lie from {least} to {most}, not {number}.")
    return number


def rates(name: str, default: str, scopes: tuple[str, ...]) -> dict[str, Rate]:
    """Rates by scope, such as `guest=60/h all=20000/h`; `off` for none."""
    try:
        return parse_rates(text(name, default), scopes)
    except BadRate as fault:
        raise ImproperlyConfigured(f"{name}: {fault}.") from None


def contact(name: str) -> str:
    """An address that people can write to: mailto: or https:."""
    value = text(name).strip()
    if value and not (
        value.isprintable() and " " not in value and value.startswith(("mailto:", "https://"))
    ):
        raise ImproperlyConfigured(f"{name} must begin with mailto: or https://, not {value!r}.")
    return value


def word_filter(name: str) -> str:
    """A readable file in UTF-8, or `package.module:function`; empty for neither."""
    value = text(name).strip()
    if not value:
        return ""
    if ":" in value and "/" not in value:
        module, _, function = value.partition(":")
        if not (function.isidentifier() and all(map(str.isidentifier, module.split(".")))):
            raise ImproperlyConfigured(f"{name}: {value!r} is no package.module:function.")
        return value
    try:
        Path(value).read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise ImproperlyConfigured(f"{name}: {value!r} is no file that can be read.") from None
    return value


def _address(name: str, read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """The result of `read`; an address that it can't use is a sentence about the variable."""
    try:
        return read(*args, **kwargs)
    except url_settings.BadAddress as fault:
        raise ImproperlyConfigured(f"{name}: {fault}.") from None


def origins(name: str, default: list[str]) -> list[str]:
    """Origins separated by commas, each exactly `scheme://host:port` as a browser sends it."""
    words = [word.strip() for word in text(name).split(",") if word.strip()] or default
    return [_address(name, url_settings.origin, word) for word in words]


def listening_host(name: str, default: str) -> str:
    """A host to listen on, without the brackets of an IPv6 address."""
    return _address(name, url_settings.listening, text(name, default).strip())


def folder(name: str, default: Path) -> Path:
    try:
        return Path(text(name) or default).expanduser().resolve()
    except (OSError, RuntimeError) as fault:
        raise ImproperlyConfigured(f"{name} is no folder that can be used: {fault}.") from None


def own_folder(name: str, default: Path) -> Path:
    """A folder that exists and is writable for this process; created where it is missing."""
    path = folder(name, default)
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as fault:
        raise ImproperlyConfigured(f"{name}: {path} can't be made: {fault.strerror}.") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"{name}: {path} can't be written to.")
    return path


def secret_key(name: str, file: Path) -> str:
    """The key from the environment, or one made once and kept in `file`, readable by its owner."""
    value = text(name)
    if value:
        return value
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists():
            _make_key(file)
        key = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as fault:
        reason = getattr(fault, "strerror", None) or "it is no text"
        raise ImproperlyConfigured(f"{name} isn't set, and {file}: {reason}.") from None
    if len(key) < 32:
        raise ImproperlyConfigured(
            f"{name} isn't set, and {file} holds no usable key; delete it to have one made."
        )
    return key


def _make_key(file: Path) -> None:
    """A key in a file that is whole or absent, even if this process dies or another starts."""
    # Processes that start at once race: one stores its key, all read it.
    with contextlib.suppress(FileExistsError), whole_file(file, over=False) as out:
        out.write(secrets.token_urlsafe(48).encode())


def _installed(name: str, package: str, what: str) -> None:
    if find_spec(package) is None:
        raise ImproperlyConfigured(
            f"{name} names {what}: install the dependency group production first ({package})."
        )


def queue(name: str, default: str = "", *, rabbit: bool = False) -> str:
    """The address of a Redis, or, with `rabbit`, of a RabbitMQ too; empty if there is none."""
    url = text(name).strip()
    if not url:
        return default
    parts = _address(name, url_settings.split, url, _REDIS + (_AMQP if rabbit else ()))
    _address(name, url_settings.host, parts.hostname or "")
    if parts.scheme in _REDIS:
        number = parts.path.strip("/")
        if number and whole_number(number, 99_999) is None:
            raise ImproperlyConfigured(
                f"{name}: what follows the host must be the number of a database, such as /0."
            )
        _installed(name, "redis", "a Redis")
    return url


def database(name: str, sqlite_file: Path) -> dict[str, Any]:
    """Django's settings for `postgres://user:password@host:port/name`, or SQLite in `sqlite_file`.

    SQLite runs in WAL mode and takes the write lock when a transaction begins: a transaction that
    reads first and asks for the lock later fails with "database is locked" however long it waits.
    """
    url = text(name).strip()
    if not url or url.startswith("sqlite:"):
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": _sqlite_path(name, url) if url else str(sqlite_file),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                " PRAGMA secure_delete=ON;",
            },
        }
    parts = _address(name, url_settings.split, url, ("postgres", "postgresql"))
    # `%2Fvar%2Frun` is a folder of Unix sockets, which libpq takes for a host.
    server = unquote(parts.hostname or "")
    if not server.startswith("/"):
        _address(name, url_settings.host, server)
    database_name = unquote(parts.path.removeprefix("/"))
    if not database_name or "/" in parts.path[1:] or parts.fragment:
        raise ImproperlyConfigured(f"{name} must be postgres://user:password@host:port/name.")
    _installed(name, "psycopg", "a PostgreSQL")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database_name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": server,
        "PORT": str(parts.port or ""),
        "OPTIONS": _PATIENCE | _libpq_options(name, parts.query),
        "CONN_HEALTH_CHECKS": True,
    }


def _sqlite_path(name: str, url: str) -> str:
    """The file of `sqlite:///path`: three slashes and a relative path, or four and an absolute."""
    path = url.removeprefix("sqlite:///")
    if path == url or not path or path.endswith("/") or "?" in path or "#" in path:
        raise ImproperlyConfigured(
            f"{name}: {url!r} must be sqlite:///path, with four slashes for an absolute path."
        )
    file = Path(path).resolve()
    if not os.access(file.parent, os.W_OK | os.X_OK) or file.is_dir():
        raise ImproperlyConfigured(f"{name}: no database can be made at {file}.")
    return path


def _libpq_options(name: str, query: str) -> dict[str, str]:
    """The options after the question mark; libpq would refuse an unknown one at each connection."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
        conninfo_to_dict(make_conninfo(**dict(pairs)))
    except (ValueError, TypeError, ProgrammingError) as fault:
        reason = str(fault).strip().splitlines()[0]
        raise ImproperlyConfigured(f"{name}: an option can't be used: {reason}.") from None
    return dict(pairs)
