"""Greedy replies to questions that are asked of copies of states, by an engine of their own.

The arithmetic is that of the chats' engine, so the reply is what a chat would answer greedily.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from memory_app.core.engine.core import Engine
from memory_app.core.engine.request import Request
from memory_app.core.model.adapter import Adapter
from memory_app.core.model.state import State
from memory_app.core.sampling.settings import Sampling

#: As many tokens as a chat's reply has at most where nothing is said.
LONGEST = Sampling(seed=0).max_tokens


class GaveWay(Exception):
    """The questions were abandoned, because something more urgent needs the processor."""


def ask(
    engine: Engine,
    asked: Sequence[tuple[State, Sequence[int]]],
    *,
    max_tokens: int = LONGEST,
    give_way: Callable[[], bool] = lambda: False,
    adapters: Sequence[Adapter | None] | None = None,
    samplings: Sequence[Sampling] | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[list[int]]:
    """The greedy reply's ids (without `<|end|>`) to each prompt, fed from its state of batch 1.

    The states are read, never written. `give_way` is asked between steps. One thread calls it, and
    the engine is idle before and after. `adapters`: of each question the one it is asked with.
    `samplings`: of each question, instead of greedily. `on_progress`: after each step the number of
    questions answered, of how many.

    Raises:
        GaveWay: `give_way` said so.
        RuntimeError: a step failed; the engine has logged why.
    """
    greedy = Sampling(temperature=0, max_tokens=max_tokens, seed=0)
    nothing: list[Adapter | None] = [None] * len(asked)
    requests = [
        Request(number, list(ids), state, sampling, adapter=adapter)
        for number, ((state, ids), adapter, sampling) in enumerate(
            zip(asked, adapters or nothing, samplings or [greedy] * len(asked), strict=True)
        )
    ]
    waiting = deque(requests)
    scheduler = engine.scheduler
    while waiting or engine.has_work:
        while waiting and len(scheduler.prefilling) + len(scheduler.running) < scheduler.max_batch:
            engine.add(waiting.popleft())
        if give_way():
            for request in requests[: len(requests) - len(waiting)]:
                engine.abort(request)
            engine.step()  # they leave
            raise GaveWay
        engine.step()
        left = len(waiting) + len(scheduler.prefilling) + len(scheduler.running)
        on_progress(len(requests) - left, len(requests))
    if any(request.finish_reason == "failed" for request in requests):
        raise RuntimeError("A question couldn't be answered.")
    return [request.reply_ids for request in requests]
