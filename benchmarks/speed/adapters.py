"""What long-term adapters add to a step of 64 chats."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from benchmarks.speed.fixtures import Replies, finish
from benchmarks.speed.timing import Line, interleaved, ratio
from memory_app.core.engine.core import Engine
from memory_app.core.model.adapter import Adapter

CHATS, RANK = 64, 32


def adapters(replies: Replies, rounds: int) -> Iterator[Line]:
    """A step of 64 chats with 64 different adapters, and with one, over a step without any."""
    config = replies.model.config
    different = [
        Adapter(
            "",
            0.01 * torch.randn(config.embedding_dim, RANK),
            0.01 * torch.randn(RANK, config.output_size),
        )
        for _ in range(CHATS)
    ]
    engines = {count: replies.engine(CHATS) for count in (0, 1, CHATS)}
    seconds = interleaved(
        {str(n): _step(replies, engine, different[:n]) for n, engine in engines.items()}, rounds
    )
    for engine in engines.values():
        for request in list(engine.scheduler.running):
            engine.abort(request)
        finish(engine)
    for count, words in ((CHATS, f"{CHATS} different adapters"), (1, "one adapter")):
        yield Line(
            f"a step of {CHATS} chats with {words} over without",
            ratio(seconds[str(count)], seconds["0"]),
            1.05,
            at_least=False,
        )


def _step(replies: Replies, engine: Engine, own: list[Adapter]) -> Callable[[], None]:
    def step() -> None:
        if not engine.has_work:
            for number in range(CHATS):
                request = replies.request(1, 512)
                request.adapter = own[number] if number < len(own) else None
                engine.add(request)
            engine.step()
        engine.step()

    return step
