"""A search by a phrase in an index of 1,000,000 tokens, beside replaying as many tokens."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch

from benchmarks.speed.fixtures import Replies
from benchmarks.speed.timing import Line
from memory_app.core.inspection.unit_index import IndexLayer, Stretch, UnitIndex, build_index
from memory_app.core.inspection.unit_pattern import find_pattern, find_places
from memory_app.core.model.state import State

TOKENS = 1_000_000
#: Tokens that are really replayed; the index repeats them up to TOKENS.
REPLAYED, LENGTH = 2_000, 100
THRESHOLD = 0.2


def unit_search(replies: Replies, rounds: int) -> Iterator[Line]:
    """p95 of searches in seconds over 0.3, and how much faster they are than a replay."""
    model = replies.model
    generator = torch.Generator().manual_seed(5)
    blank = State.zeros(model.config)
    size = (REPLAYED // LENGTH, LENGTH)
    drawn = torch.randint(model.config.vocab_size, size, generator=generator)
    stretches = [Stretch(blank, ids) for ids in drawn.tolist()]
    began = time.perf_counter()
    small = build_index(model, "a" * 64, stretches)
    replayed = (time.perf_counter() - began) * TOKENS / REPLAYED
    times = TOKENS // REPLAYED
    layer = small.layers[-1]
    steps = np.tile(layer.steps, (1, times))
    large = UnitIndex(
        small.checkpoint_sha256,
        np.tile(small.ids, times),
        np.arange(0, TOKENS + 1, LENGTH, dtype=np.int64),
        (IndexLayer(layer.gate, layer.scale, steps, layer.means),),
    )
    seconds = []
    rng = np.random.default_rng(1)
    for _ in range(rounds):
        first = int(rng.integers(TOKENS - 4))
        began = time.perf_counter()
        pattern = find_pattern(
            large.layers[0], first, first + int(rng.integers(4)),
            threshold=THRESHOLD * layer.scale, off_before=False, off_after=False,
        )  # fmt: skip
        find_places(large, large.layers[0], pattern)
        seconds.append(time.perf_counter() - began)
    p95 = float(np.percentile(seconds, 95))
    yield Line(
        "units by a phrase in 1,000,000 tokens, p95, seconds over 0.3", p95 / 0.3, 1.0,
        at_least=False,
    )  # fmt: skip
    yield Line("the same, how many times as fast as a replay", replayed / p95, 50.0)
