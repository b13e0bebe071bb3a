"""Token buckets: a rate, how it is written, and what a bucket of it has at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MOST = 10**12
_RATE = re.compile(r"([0-9]{1,13})/([smhd])")


class BadRate(ValueError):
    """A text that is no rate; one sentence without its subject."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of `amount`, filled evenly in `seconds`."""

    amount: int
    seconds: int

    def __str__(self) -> str:
        unit = next(name for name, seconds in SECONDS.items() if seconds == self.seconds)
        return f"{self.amount}/{unit}"

    @property
    def per_second(self) -> float:
        """What flows into the bucket."""
        return self.amount / self.seconds

    def level(self, level: float, past: float) -> float:
        """The level `past` seconds after it was `level`; a debt is negative."""
        return min(self.amount, level + max(0.0, past) * self.per_second)

    def need(self, cost: float) -> float:
        """What must be there to take `cost`: for more than a full bucket holds, a full one."""
        return min(self.amount, max(1.0, cost))

    def wait(self, level: float, cost: float) -> float:
        """Seconds until `cost` may be taken from a bucket with `level`."""
        return max(0.0, (self.need(cost) - level) / self.per_second)


def parse_rate(text: str) -> Rate:
    """`60/h`; the units are s, m, h and d.

    Raises:
        BadRate: for any other text, and for an amount of 0.
    """
    match = _RATE.fullmatch(text.strip())
    if match is None or not 1 <= int(match[1]) <= MOST:
        raise BadRate(f"{text.strip()!r} is no rate such as 60/h")
    return Rate(int(match[1]), SECONDS[match[2]])


def parse_rates(text: str, scopes: tuple[str, ...]) -> dict[str, Rate]:
    """`guest=60/h all=20000/h`: a rate for each scope that has one; `off`: none.

    Raises:
        BadRate: for any other text.
    """
    if text.strip() == "off":
        return {}
    rates: dict[str, Rate] = {}
    for word in text.split():
        scope, _, rate = word.partition("=")
        if scope not in scopes or scope in rates:
            raise BadRate(f"{word!r} must be one of {', '.join(scopes)}, once, with = and a rate")
        rates[scope] = parse_rate(rate)
    return rates
