"""Where buckets are kept: in Redis, shared by every process, or in this process."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from memory_app.core.rates import Rate

log = logging.getLogger(__name__)
#: Buckets of a process; beyond them the least recently used is forgotten, that is, full again.
MOST = 200_000
#: Of the keys in Redis.
PREFIX = "gatescope:limit:"
#: Seconds that Redis may take, and that it isn't asked after a failure.
PATIENCE, PAUSE = 0.3, 5.0


@dataclass(frozen=True, slots=True)
class Want:
    """`cost` of one bucket; a `forced` one is charged whatever is there, even into debt."""

    key: str
    rate: Rate
    cost: float
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Lack:
    """The first bucket, by its place among those wanted, that had too little; and its level."""

    place: int
    level: float


class Store(Protocol):
    """Takes from all of several buckets or from none."""

    def take(self, wants: Sequence[Want]) -> Lack | None:
        """None where all was taken."""

    def levels(self, wants: Sequence[Want]) -> list[float]:
        """What each bucket has."""

    def drop(self, keys: Sequence[str]) -> None:
        """Forget these buckets, whose keys may name a person."""


class ProcessStore:
    """Buckets of one process, by a monotonic clock."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # level, when
        self._lock = threading.Lock()

    def take(self, wants: Sequence[Want]) -> Lack | None:
        now = time.monotonic()
        with self._lock:
            levels = [self._level(want, now) for want in wants]
            for place, (want, level) in enumerate(zip(wants, levels, strict=True)):
                if not want.forced and level < want.rate.need(want.cost):
                    return Lack(place, level)
            for want, level in zip(wants, levels, strict=True):
                self._buckets[want.key] = (level - want.cost, now)
                self._buckets.move_to_end(want.key)
            while len(self._buckets) > MOST:
                self._buckets.popitem(last=False)
        return None

    def levels(self, wants: Sequence[Want]) -> list[float]:
        now = time.monotonic()
        with self._lock:
            return [self._level(want, now) for want in wants]

    def drop(self, keys: Sequence[str]) -> None:
        with self._lock:
            for key in keys:
                self._buckets.pop(key, None)

    def _level(self, want: Want, now: float) -> float:
        level, then = self._buckets.get(want.key, (float(want.rate.amount), now))
        return want.rate.level(level, now - then)

    def clear(self) -> None:
        """Fill every bucket."""
        with self._lock:
            self._buckets.clear()


#: KEYS: buckets. ARGV: of each its amount, seconds, cost and whether it is forced; and whether to
#: take. Redis' own clock, so that processes on several machines agree.
_SCRIPT = """
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1e6
local levels = {}
local lack = -1
for i, key in ipairs(KEYS) do
  local at = (i - 1) * 4
  local amount, seconds = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local cost, forced = tonumber(ARGV[at + 3]), ARGV[at + 4] == '1'
  local kept = redis.call('HMGET', key, 'level', 'at')
  local level = amount
  if kept[1] then
    local past = math.max(0, now - tonumber(kept[2]))
    level = math.min(amount, tonumber(kept[1]) + past * amount / seconds)
  end
  levels[i] = level
  if lack < 0 and not forced and level < math.min(amount, math.max(1, cost)) then lack = i - 1 end
end
local answer = {tostring(lack)}
for i, key in ipairs(KEYS) do
  local at = (i - 1) * 4
  answer[i + 1] = tostring(levels[i])
  if lack < 0 and ARGV[#ARGV] == '1' then
    local amount, seconds = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local level = levels[i] - tonumber(ARGV[at + 3])
    redis.call('HSET', key, 'level', tostring(level), 'at', string.format('%.6f', now))
    redis.call('EXPIRE', key, math.ceil((amount - level) * seconds / amount) + 1)
  end
end
return answer
"""


class RedisStore:
    """Buckets in Redis; while it is away, or slow, those of this process stand in."""

    def __init__(self, url: str) -> None:
        import redis

        self._fault = redis.RedisError
        options: dict[str, Any] = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
        self._client = redis.Redis.from_url(url, **options)
        self._script = self._client.register_script(_SCRIPT)
        self._own = ProcessStore()
        self._away_until = 0.0

    def take(self, wants: Sequence[Want]) -> Lack | None:
        answer = self._ask(wants, take=True)
        if answer is None:
            return self._own.take(wants)
        lack, levels = answer
        return None if lack < 0 else Lack(lack, levels[lack])

    def levels(self, wants: Sequence[Want]) -> list[float]:
        answer = self._ask(wants, take=False)
        return self._own.levels(wants) if answer is None else answer[1]

    def drop(self, keys: Sequence[str]) -> None:
        self._own.drop(keys)
        try:
            self._client.delete(*(f"{PREFIX}{key}" for key in keys))
        except self._fault as fault:
            # They expire by themselves, as soon as they would be full.
            log.warning("buckets are left in Redis", extra={"reason": type(fault).__name__})

    def _ask(self, wants: Sequence[Want], *, take: bool) -> tuple[int, list[float]] | None:
        if time.monotonic() < self._away_until:
            return None
        values: list[Any] = []
        for want in wants:
            values += [want.rate.amount, want.rate.seconds, want.cost, int(want.forced)]
        keys = [f"{PREFIX}{want.key}" for want in wants]
        try:
            answer = self._script(keys=keys, args=[*values, int(take)])
        except self._fault as fault:
            log.warning("limits are kept by process", extra={"reason": type(fault).__name__})
            self._away_until = time.monotonic() + PAUSE
            return None
        lack, *levels = (float(value) for value in answer)
        return int(lack), levels
