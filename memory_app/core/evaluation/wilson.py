"""How sure a share is."""

from __future__ import annotations

import math

# The two-sided 95% point of the normal distribution.
Z = 1.959963984540054


def wilson(successes: int, trials: int, z: float = Z) -> tuple[float, float]:
    """Wilson's score interval (1927) of a share: sound for small n and at 0 and 1.

    Raises:
        ValueError: no trials, or successes outside 0 … trials.
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError("An interval needs at least one trial and 0 to all of them right.")
    share = successes / trials
    scale = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / scale
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / scale
    # At 0 and 1 one bound is exact; rounding must not push it past the share itself.
    low = 0.0 if successes == 0 else max(0.0, centre - spread)
    high = 1.0 if successes == trials else min(1.0, centre + spread)
    return low, high


def newcombe(right: float, n: int, other_right: float, other_n: int) -> tuple[float, float]:
    """The 95% interval of the difference of two independent shares, the first less the other.

    Newcombe (1998), method 10: built from Wilson's intervals, sound for small n and at 0 and 1.

    Raises:
        ValueError: as `wilson`.
    """
    (low, high), (other_low, other_high) = (
        wilson(round(right * n), n),
        wilson(round(other_right * other_n), other_n),
    )
    difference = right - other_right
    return (
        difference - math.hypot(right - low, other_high - other_right),
        difference + math.hypot(high - right, other_right - other_low),
    )
