"""How the next token is chosen: the settings of one reply, its draws, and the plain way to sample.

`sample` says in a few lines what `sampler.Sampler` does for a whole batch; their equality is a
test. Nothing here knows of engines, sockets or text.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from memory_app.core.messages import SentenceError, quoted

MAX_TOKENS = 512
MAX_SEED = 2**53 - 1  # the largest whole number that every JSON reader keeps exact
# A temperature below this is the limit it stands for (greedy): 1/t would leave float32's range.
GREEDY_BELOW = 1e-6
# A candidate outside the nucleus is drawn again this often before the nucleus itself is built.
ATTEMPTS = 4
DRAWS = ATTEMPTS + 1  # uniforms that belong to one token

LONGEST_PERIOD = 32
LOOP_TOKENS = 24
LOOP_REPEATS = 3


class SamplingError(SentenceError):
    """Settings that are refused; its message is one sentence for a person."""


def draw_seed() -> int:
    """A seed for a reply that was asked for without one, 0 … 2^53 - 1."""
    return secrets.randbelow(MAX_SEED + 1)


#: name: (whole number?, lowest, highest, is the lowest itself refused?, is the highest?)
RANGES: dict[str, tuple[bool, float, float, bool, bool]] = {
    "temperature": (False, 0, 2, False, False),
    "top_k": (True, 0, 1000, False, False),
    "top_p": (False, 0, 1, True, False),
    "min_p": (False, 0, 1, False, True),
    "repetition_penalty": (False, 1, 2, False, False),
    "min_tokens": (True, 0, MAX_TOKENS, False, False),
    "max_tokens": (True, 1, MAX_TOKENS, False, False),
    "seed": (True, 0, MAX_SEED, False, False),
}


def _checked(name: str, value: Any) -> float | int:
    whole, low, high, open_low, open_high = RANGES[name]
    bounds: dict[str, Any] = {"name": name, "low": low, "high": high}
    if whole:
        fault = SamplingError("{name} must be a whole number from {low} to {high}.", **bounds)
    elif open_low:
        fault = SamplingError("{name} must be a number above {low}, up to {high}.", **bounds)
    elif open_high:
        fault = SamplingError(
            "{name} must be a number from {low} up to, but not including, {high}.", **bounds
        )
    else:
        fault = SamplingError("{name} must be a number from {low} to {high}.", **bounds)
    # type() and not isinstance(): True is an int to Python and no number to a person.
    if type(value) not in ((int,) if whole else (int, float)):
        raise fault
    # Compared before any conversion: a whole number of 5,000 digits has no float.
    if not low <= value <= high or (open_low and value == low) or (open_high and value == high):
        raise fault
    return int(value) if whole else float(value)


@dataclass(frozen=True, slots=True)
class Sampling:
    """The settings of one reply (contract 3).

    The repetition penalty is over the reply's own tokens so far, not over the prompt (CTRL,
    Keskar et al. 2019: a positive logit is divided by it, a negative one multiplied). top_k, then
    top_p of what is left, then min_p cut the distribution at this temperature. At temperature 0
    the reply is the plain argmax: penalty and cuts have no effect. `min_tokens` bans the end of
    the reply until then, also where it is above `max_tokens`.
    """

    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 0.95
    min_p: float = 0.0
    repetition_penalty: float = 1.1
    min_tokens: int = 0
    max_tokens: int = 200
    seed: int = field(default_factory=draw_seed)

    def __post_init__(self) -> None:
        for name in RANGES:
            object.__setattr__(self, name, _checked(name, getattr(self, name)))

    @classmethod
    def parse(cls, data: Mapping[str, Any] | None) -> Sampling:
        """Read settings as a client sends them; a seed is drawn when there is none.

        Raises:
            SamplingError: no mapping, an unknown key, another type (a bool, a null and 1.0 for a
                whole number included), NaN, or out of range. Nothing is ever clamped.
        """
        if data is None:
            return cls()
        if not isinstance(data, Mapping):
            raise SamplingError("sampling must be an object.")
        for name in data:
            if name not in RANGES:
                raise SamplingError("Unknown sampling setting {name}.", name=quoted(str(name)[:40]))
        return cls(**data)

    @property
    def greedy(self) -> bool:
        """Whether each token is simply the most probable one."""
        return self.temperature < GREEDY_BELOW

    def to_dict(self) -> dict[str, Any]:
        """The settings as they are stored and sent, seed included; `parse` reads them back."""
        return asdict(self)


def uniforms(seed: int) -> Tensor:
    """A reply's draws in [0, 1): float32 [MAX_TOKENS + 1, DRAWS], row n for its nth token.

    SplitMix64 (Steele, Lea & Flood 2014) in counter form: draw k is the top 24 bits of
    mix(mix(seed) + (k + 1) · 0x9E3779B97F4A7C15). All of a reply's chance comes from its own seed,
    so who else is in the batch cannot matter, and a third party can draw the same.
    """
    golden = 0x9E3779B97F4A7C15
    counters = np.arange(1, (MAX_TOKENS + 1) * DRAWS + 1, dtype=np.uint64)
    start = _mix(np.array([seed], dtype=np.uint64))
    bits = _mix(start + counters * np.uint64(golden)) >> np.uint64(40)
    values = bits.astype(np.float32) * np.float32(2.0**-24)
    return torch.from_numpy(values).view(MAX_TOKENS + 1, DRAWS)


def _mix(z: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser; uint64 arrays wrap around as it wants."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def sample(
    logits: Tensor,
    sampling: Sampling,
    reply_ids: Sequence[int] = (),
    *,
    end_id: int,
    banned: Collection[int] = (),
) -> tuple[int, float]:
    """The next token of one reply, in the plain and slow way.

    logits float32 [vocab]; reply_ids are R so far; banned ids are never chosen. Returns the id
    and its natural log-probability at temperature 1 before any ban, penalty or cut.
    """
    count = len(reply_ids)
    logprobs = torch.log_softmax(logits, dim=0)
    scores = logits.clone()
    scores[list(banned)] = -math.inf
    if count < sampling.min_tokens:
        scores[end_id] = -math.inf
    if sampling.greedy:
        chosen = int(scores.argmax())
        return chosen, float(logprobs[chosen])
    seen = sorted(set(reply_ids))
    penalised = scores[seen]
    scores[seen] = torch.where(
        penalised > 0,
        penalised / sampling.repetition_penalty,
        penalised * sampling.repetition_penalty,
    )
    if 0 < sampling.top_k < len(scores):
        # Equals of the kth best stay, here and in the nucleus: no order decides between them.
        kth = scores.topk(sampling.top_k).values[-1]
        scores[scores < kth] = -math.inf
    p = torch.softmax(scores / sampling.temperature, dim=0)
    ordered = p.sort(descending=True).values
    last = int(torch.searchsorted(ordered.cumsum(0), sampling.top_p))
    if sampling.top_p == 1 or last == len(p):
        last = len(p) - 1
    kept = (p >= ordered[last]) & (p >= sampling.min_p * ordered[0])
    draws = uniforms(sampling.seed)[count].tolist()
    for u in draws[:ATTEMPTS]:
        # Drawing from the whole distribution and refusing what was cut off is drawing from the
        # cut one, and the batched sampler need not sort for it.
        chosen = _at(p, u)
        if kept[chosen]:
            return chosen, float(logprobs[chosen])
    chosen = _at(torch.where(kept, p, 0.0), draws[-1])
    return chosen, float(logprobs[chosen])


def _at(weights: Tensor, u: float) -> int:
    """The index whose share of the summed weights [vocab] holds the fraction u."""
    cumulative = weights.cumsum(0)
    # Rounding must not carry u past the last index that weighs anything.
    target = min(u * float(cumulative[-1]), float(np.nextafter(np.float32(cumulative[-1]), 0)))
    return int(torch.searchsorted(cumulative, target, right=True))


def is_loop(ids: Sequence[int]) -> bool:
    """Whether the reply's tail repeats itself: a period of at most 32 tokens, 3 times over.

    A short period has to fill 24 tokens, so that laughter or a row of dots is still a reply.
    """
    if len(ids) < LOOP_TOKENS:
        return False
    tail = list(ids[-LOOP_REPEATS * LONGEST_PERIOD :])[::-1]
    latest, position = tail[0], 0
    while True:
        # A period p needs the latest token p places back: list.index finds those at C speed,
        # so that a reply that does not loop costs about a microsecond.
        try:
            position = tail.index(latest, position + 1, LONGEST_PERIOD + 1)
        except ValueError:
            return False
        needed = max(LOOP_TOKENS, LOOP_REPEATS * position)
        if needed <= len(tail) and tail[: needed - position] == tail[position:needed]:
            return True
