"""Figures that a busy machine can't spoil much: everything compared is timed in turns."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One ratio and what it should be; `at_least` tells on which side of the goal it belongs."""

    name: str
    ratio: float
    goal: float | None = None
    at_least: bool = True

    def __str__(self) -> str:
        if self.goal is None:
            verdict = "no goal"
        else:
            met = self.ratio >= self.goal if self.at_least else self.ratio <= self.goal
            sign = "≥" if self.at_least else "≤"
            verdict = f"goal {sign} {self.goal:g}, {'met' if met else 'NOT met'}"
        return f"{self.name}: {self.ratio:.2f} ({verdict})"


def interleaved(
    runs: Mapping[str, Callable[[], object]], rounds: int, *, warm_up: bool = True
) -> dict[str, list[float]]:
    """CPU seconds of each run in each round, by default after one round to warm up.

    Everything here runs on one thread, so CPU time is what the clock would show on a core of
    one's own; waiting for a core that is shared is not counted. The runs of a round follow one
    another at once, so that what else slows the machine falls on all of them.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + warm_up):
        for name, run in runs.items():
            began = time.process_time()
            run()
            if number >= warm_up:
                seconds[name].append(time.process_time() - began)
    for name, values in seconds.items():
        # For whoever works on a figure; what is quoted are the ratios.
        print(f"#   {name}: {1000 * statistics.median(values):.2f} ms", file=sys.stderr)
    return seconds


def ratio(above: list[float], below: list[float]) -> float:
    """The median over the rounds of one time over the other of the same round."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))
