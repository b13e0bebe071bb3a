"""Tracing a word of a chat of 2,000 tokens: with its turns replayed before, and from nothing."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import torch

from benchmarks.speed.fixtures import Replies
from benchmarks.speed.timing import Line, interleaved
from memory_app.core.inspection.sources import read_layers, sources
from memory_app.core.inspection.trace_queries import trace_of
from memory_app.core.inspection.turn_writes import several_writes
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State

TURNS, LENGTH = 70, 29  # tokens a turn


def trace_word(replies: Replies, rounds: int) -> Iterator[Line]:
    """Seconds over the second, or the 0.3 s, that they may take."""
    model = replies.model
    generator = torch.Generator().manual_seed(3)
    turns, state = [], State.zeros(model.config)
    for _ in range(TURNS):
        ids = torch.randint(0, model.config.vocab_size, (LENGTH,), generator=generator).tolist()
        turns.append((state, ids))
        state = replay(model, state, ids)
    layers = read_layers(model)
    earlier = [writes for _, writes in several_writes(model, turns[:-1], layers)]
    blank, (before, ids) = State.zeros(model.config), turns[-1]
    seconds = interleaved(
        {
            "traced": lambda: sources(earlier, blank, trace_of(model, before, ids), LENGTH - 4),
            "replayed": lambda: several_writes(model, turns[:-1], layers),
        },
        rounds,
    )
    for name, words, most in (
        ("traced", "a word of a chat of 2,000 tokens traced, seconds over 0.3", 0.3),
        ("replayed", "its turns replayed before that, once, seconds over 1", 1.0),
    ):
        yield Line(words, statistics.median(seconds[name]) / most, 1.0, at_least=False)
