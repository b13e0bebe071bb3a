"""What a production site must not start with: a sentence that begins with the setting's name."""

import ipaddress
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import ImproperlyConfigured

from chatsite import env

#: Passwords and keys that stand in examples, and are tried first.
_KNOWN = {
    *("admin", "changeme", "change-me", "change_me", "default", "example", "gatescope", "guest"),
    *("letmein", "pass", "passw0rd", "password", "postgres", "qwerty", "rabbitmq", "redis", "root"),
    *("secret", "test", "user"),
}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def refuse_unsafe(settings: Mapping[str, Any]) -> None:
    """Stop the start of an unsafe site.

    Raises:
        ImproperlyConfigured: the first reason; all of them would be a page.
    """
    for sentence in refusals(settings):
        raise ImproperlyConfigured(sentence)


def refusals(settings: Mapping[str, Any]) -> Iterator[str]:
    """Every reason, most serious first."""
    yield from _secrets(settings)
    yield from _origins(settings)
    yield from _stores(settings)
    yield from _guards(settings)
    yield from _files(settings)


def _secrets(settings: Mapping[str, Any]) -> Iterator[str]:
    key = str(settings["SECRET_KEY"])
    how = "make one by: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
    if len(key) < 50:
        yield f"SECRET_KEY has {len(key)} characters, and needs 50 random ones; {how}."
    if len(set(key)) < 12:
        yield f"SECRET_KEY has only {len(set(key))} different characters; {how}."
    if key.lower().startswith("django-insecure-") or any(
        word in key.lower() for word in ("changeme", "change-me", "change_me", "example", "secret")
    ):
        yield f"SECRET_KEY is one from an example; {how}."
    if _repeats(key):
        yield f"SECRET_KEY repeats itself; {how}."
    if settings["DEBUG"]:
        yield "DEBUG must be 0 in production: an error's page would show settings and messages."
    if settings["LOG_LEVEL"] == "DEBUG":
        yield "LOG_LEVEL must not be DEBUG in production: libraries would log what users write."
    token = str(settings["METRICS_TOKEN"])
    if token and len(token) < 32:
        yield "METRICS_TOKEN needs at least 32 random characters; without one there are no metrics."


def _repeats(key: str) -> bool:
    return any(key == (key[:n] * len(key))[: len(key)] for n in range(1, len(key) // 2 + 1))


def _origins(settings: Mapping[str, Any]) -> Iterator[str]:
    origins = [urlsplit(origin) for origin in settings["SITE_ORIGINS"]]
    schemes = {origin.scheme for origin in origins}
    if len(schemes) > 1:
        yield "SITE_ORIGINS mixes http and https: cookies would be sent without TLS, too."
    for origin in origins:
        if origin.scheme == "http" and origin.hostname not in _LOOPBACK:
            yield f"SITE_ORIGINS must be https, except on this machine itself: {origin.geturl()!r}."
    named = {origin.hostname in _LOOPBACK for origin in origins}
    if len(named) > 1:
        yield (
            "SITE_ORIGINS names this machine beside a public host: a page on any visitor's own "
            "machine could send messages as them."
        )
    if "https" in schemes and not settings["TRUST_PROXY"] and not env.flag("SSL_REDIRECT", True):
        yield (
            "SSL_REDIRECT is 0 and TRUST_PROXY too: a request without TLS would be answered. "
            "Set TRUST_PROXY=1 behind a proxy that ends TLS."
        )


def _stores(settings: Mapping[str, Any]) -> Iterator[str]:
    database = settings["DATABASES"]["default"]
    host, options = database.get("HOST", ""), database["OPTIONS"]
    alone = settings["ONE_PROCESS"]
    if database["ENGINE"].endswith("sqlite3"):
        if settings["REDIS_URL"]:
            yield "DATABASE_URL must name a PostgreSQL beside REDIS_URL: SQLite serves one process."
        elif not alone:
            yield "DATABASE_URL must name a PostgreSQL, or ONE_PROCESS be 1: one process serves."
    else:
        yield from _password("DATABASE_URL", host, database["PASSWORD"], database["USER"])
        if database["USER"] == "postgres":
            yield "DATABASE_URL names the superuser postgres: make a user who owns one database."
        if options.get("sslmode") in {"disable", "allow"} and _is_public(host):
            yield "DATABASE_URL has an sslmode without TLS to a server outside of this network."
    if not settings["REDIS_URL"] and not alone:
        yield "REDIS_URL is needed: limits and events are shared by it. Or set ONE_PROCESS=1."
    for name in ("REDIS_URL", "BROKER_URL"):
        yield from _queue(name, str(settings[name]))


def _queue(name: str, url: str) -> Iterator[str]:
    if not url:
        return
    parts = urlsplit(url)
    host, password = parts.hostname or "", parts.password or ""
    if (parts.username, password) == ("guest", "guest"):
        yield f"{name} has RabbitMQ's own guest:guest."
    elif password or _is_public(host):
        yield from _password(name, host, password, parts.username or "")
    reqs = parse_qs(parts.query).get("ssl_cert_reqs", [""])[0].lower()
    if reqs in {"none", "cert_none", "optional"}:
        yield f"{name} doesn't verify the server's certificate (ssl_cert_reqs={reqs})."
    if parts.scheme in {"redis", "amqp"} and _is_public(host):
        yield f"{name} must begin with {parts.scheme}s:// to a server outside of this network."


def _password(name: str, host: str, password: str, user: str) -> Iterator[str]:
    local = host.startswith("/") or not host or host in _LOOPBACK
    if not password:
        if not local:
            yield f"{name} has no password."
    elif password.lower() in _KNOWN or password == user or len(password) < 8:
        yield f"{name} has a password that is guessed at once."


def _is_public(host: str) -> bool:
    """Whether a server lies outside: neither here, nor private, nor a name without a dot."""
    if not host or host.startswith("/") or host in _LOOPBACK:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".internal", ".local", ".lan", ".svc"))


def _guards(settings: Mapping[str, Any]) -> Iterator[str]:
    if not settings["LOGIN_FAILURES"]:
        yield "LOGIN_FAILURES must not be 0 in production: passwords could be guessed without end."
    if settings["LOGIN_FAILURES"] > 50:
        yield "LOGIN_FAILURES must be at most 50 in production."
    if settings["STAFF_TOTP"] == "off":
        yield "STAFF_TOTP must be offered or required in production."
    for kind in ("messages", "ids", "guests", "logins", "signups", "imports", "traces"):
        rates = settings["LIMITS"][kind]
        if not {"address", "network", "all"} & set(rates):
            yield f"LIMIT_{kind.upper()} needs a bound by address, network or all."
    if not settings["GUEST_DAYS"]:
        yield "GUEST_DAYS must not be 0 in production: guests' chats would fill the disk."
    if not settings["DISK_READ_ONLY_MB"]:
        yield "DISK_READ_ONLY_MB must not be 0 in production: a full disk stops everything."
    if settings["DISK_READ_ONLY_MB"] and settings["DISK_READ_ONLY_MB"] < 64:
        yield "DISK_READ_ONLY_MB must be at least 64: what runs needs room to end."


def _files(settings: Mapping[str, Any]) -> Iterator[str]:
    data = Path(settings["DATA_DIR"])
    if data.stat().st_mode & 0o002:
        yield f"DATA_DIR: every user of this machine may write to {data}."
    served = [settings["BASE_DIR"] / "static", settings["STATIC_ROOT"]]
    if any(data.is_relative_to(folder) for folder in served if folder):
        yield "DATA_DIR lies in a folder whose files are served to everybody."
    if data == Path(data.anchor) or data == Path.home():
        yield f"DATA_DIR must be a folder of its own, not {data}."
