"""Limits: token buckets per person, address, network and in all.

A request is let in at the door by its policy's row (`enter`), which needs no cookie: a stranger has
an address. What it computes is charged where that is computed (`pay`), to the asker of the running
request; it may go into debt, and the next request waits until that is paid. Commands and tasks have
no asker and no limits.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from memory_app.asker import Asker
from memory_app.core.rates import Rate
from memory_app.limits.stores import ProcessStore, RedisStore, Store, Want
from memory_app.limits.table import (
    KINDS,
    Left,
    from_settings,
    keys_of,
    own_scope,
    refusal_words,
)
from memory_app.metrics import LIMITS_HIT
from memory_app.models import LimitChange
from memory_app.refusal import Refused

#: Seconds after which a change on the dashboard holds in every process.
FRESH = 2.0
# A function, not the asker: asgiref compares the values of context variables on the event loop, and
# to compare an asker would look its person up there.
_asker: ContextVar[Callable[[], Asker] | None] = ContextVar("asker", default=None)
_lock = threading.Lock()
_store: Store | None = None
_rates: dict[str, dict[str, Rate]] = {}
_read_at = float("-inf")


@contextmanager
def asking(asker: Callable[[], Asker]) -> Iterator[None]:
    """What is paid within is this asker's, who is looked up when a limit is asked for."""
    token = _asker.set(asker)
    try:
        yield
    finally:
        _asker.reset(token)


def asker_now() -> Asker | None:
    """Whose request is running; None in a command or a task."""
    asker = _asker.get()
    return None if asker is None else asker()


def rates_now() -> dict[str, dict[str, Rate]]:
    """The rates of each kind by scope: the dashboard's where there are any, else the settings'."""
    global _rates, _read_at  # noqa: PLW0603
    with _lock:
        if time.monotonic() - _read_at > FRESH:
            changes = {row.kind: row.rates for row in LimitChange.objects.all()}
            _rates = {
                kind: changes[kind] if kind in changes else from_settings(kind) for kind in KINDS
            }
            _read_at = time.monotonic()
        return _rates


def forget() -> None:
    """Read the rates anew at the next request, and fill every bucket of this process."""
    global _store, _read_at
    with _lock:
        _store, _read_at = None, float("-inf")


def reread() -> None:
    """Read the rates anew at the next request."""
    global _read_at  # noqa: PLW0603
    with _lock:
        _read_at = float("-inf")


def _stored() -> Store:
    global _store  # noqa: PLW0603
    with _lock:
        if _store is None:
            _store = RedisStore(settings.REDIS_URL) if settings.REDIS_URL else ProcessStore()
        return _store


def has(kind: str) -> bool:
    """Whether there is any limit of this kind."""
    return bool(rates_now()[kind])


def _wants(kind: str, asker: Asker, cost: float, *, forced: bool) -> list[tuple[str, Want]]:
    rates = rates_now()[kind]
    return [
        (scope, Want(f"{kind}:{scope}:{key}", rates[scope], cost, forced))
        for scope, key in keys_of(asker).items()
        if scope in rates
    ]


def enter(kind: str, *, cost: float | None = None, asker: Asker | None = None) -> None:
    """Let a request in, or refuse it; a counted kind is charged 1, the others by `pay`.

    Raises:
        Refused: `rate_limited`, with when it ends.
    """
    if not has(kind):
        return  # and nobody is looked up
    asker = asker_now() if asker is None else asker
    if asker is None:
        return
    if cost is None:
        cost = 1 if KINDS[kind].counted else 0
    wants = _wants(kind, asker, cost, forced=False)
    lack = _stored().take([want for _, want in wants]) if wants else None
    if lack is None:
        return
    scope, want = wants[lack.place]
    LIMITS_HIT.labels(kind, scope).inc()
    seconds = want.rate.wait(lack.level, cost)
    raise Refused(
        "rate_limited",
        refusal_words(kind, scope, want.rate, seconds),
        until=timezone.now() + timedelta(seconds=seconds),
    )


def pay(kind: str, cost: float, *, asker: Asker | None = None) -> None:
    """Charge what is computed for the asker of this request, if there is one."""
    if cost <= 0 or not has(kind):
        return
    asker = asker_now() if asker is None else asker
    if asker is None:
        return
    wants = [want for _, want in _wants(kind, asker, cost, forced=True)]
    if wants:
        _stored().take(wants)


def left(kind: str, asker: Asker) -> Left | None:
    """What the person has used of their own bucket; None where that has no limit."""
    own = own_scope(asker)
    wants = [want for scope, want in _wants(kind, asker, 0, forced=False) if scope == own]
    if not wants:
        return None
    [want], [level] = wants, _stored().levels(wants)
    rate = want.rate
    used = min(rate.amount, max(0, round(rate.amount - level)))
    full = timezone.now() + timedelta(seconds=(rate.amount - level) / rate.per_second)
    return Left(used, rate.amount, rate.seconds, full)


def person_forget(person: str) -> None:
    """Forget the buckets of a person who was erased: their keys hold the person's id."""
    _stored().drop([f"{kind}:{scope}:{person}" for kind in KINDS for scope in ("guest", "member")])
