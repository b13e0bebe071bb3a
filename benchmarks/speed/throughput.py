"""Tokens a second of many chats in batched steps over one after another; what a step adds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.speed.baseline_step import lstm_reply, runner_step, torch_step
from benchmarks.speed.fixtures import Replies, finish
from benchmarks.speed.timing import Line, interleaved, ratio
from memory_app.core.engine.core import Engine

TOKENS = 30
GOALS = {(64, "lstm"): 15.0, (64, "alone"): 4.0}


def throughput(replies: Replies, rounds: int) -> Iterator[Line]:
    """16 and 64 chats at once, 30 tokens each, over the same chats one after another.

    A chat after another costs the same each, so few stand for all of them.
    """
    runs: dict[str, Callable[[], None]] = {
        "16": replies.together(16, TOKENS),
        "64": replies.together(64, TOKENS),
        "alone": replies.together(1, TOKENS),
        "lstm": lstm_reply(replies.model, TOKENS),
    }
    seconds = interleaved(runs, rounds)
    for chats in (16, 64):
        for base, words in (
            ("alone", "the engine's own step, one chat after another"),
            ("lstm", "nn.LSTM steps with oneDNN off, one chat after another"),
        ):
            gain = chats * ratio(seconds[base], seconds[str(chats)])
            yield Line(f"throughput of {chats} chats over {words}", gain, GOALS.get((chats, base)))


def steps(replies: Replies, rounds: int) -> Iterator[Line]:
    """One engine step with all that it does over the bare step, and with gates over without.

    The engine's own arithmetic (packed weights, one sigmoid, a look-up for the first layer) is
    faster than plain torch, so the second line is the one that shows what requests cost.
    """
    for n in (64, 16, 1):
        engines = {True: replies.engine(n), False: replies.engine(n, capture_gates=False)}
        seconds = interleaved(
            {
                "gates": decode_step(replies, engines[True], n),
                "blind": decode_step(replies, engines[False], n),
                "bare": torch_step(replies.model, replies.runner.dtype, n),
                "runner": runner_step(replies.runner, n),
            },
            rounds,
        )
        for engine in engines.values():
            for request in list(engine.scheduler.running):
                engine.abort(request)
            finish(engine)
        chats = "1 chat" if n == 1 else f"{n} chats"
        yield Line(
            f"engine's step over the bare torch step, {chats}",
            ratio(seconds["gates"], seconds["bare"]),
            1.25 if n == 64 else None,
            at_least=False,
        )
        yield Line(
            f"engine's step over its own arithmetic alone, {chats}",
            ratio(seconds["gates"], seconds["runner"]),
        )
        yield Line(
            f"gates captured over not, {chats}",
            ratio(seconds["gates"], seconds["blind"]),
            1.10 if n == 64 else None,
            at_least=False,
        )


def decode_step(replies: Replies, engine: Engine, n: int) -> Callable[[], None]:
    """A step of n replies; they are begun anew when they come to their end."""

    def step() -> None:
        if not engine.has_work:
            for _ in range(n):
                engine.add(replies.request(1, 512))
            engine.step()
        engine.step()

    return step
