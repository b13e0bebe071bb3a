"""Long prompts: their prefill over the bare forward, and what they cost those beside them."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import torch

from benchmarks.speed.fixtures import Replies, finish
from benchmarks.speed.timing import Line, interleaved, ratio
from memory_app.core.engine.core import Engine
from memory_app.core.engine.request import Status
from memory_app.core.model.state import State

LONGEST = 2048  # tokens of a message at most, by default
FED = 512  # tokens of a prompt whose prefill is timed
HELLO = 5
LONG_TURN = 16_000

_OPENING = f"""
import re, sys, torch
from pathlib import Path
from benchmarks.speed.fixtures import model_of
from memory_app.core.inspection.long_trace import LongTrace
from memory_app.core.inspection.trace_queries import map_file
from memory_app.core.model.replay import configure_process
from memory_app.core.model.state import State
configure_process()
model = model_of(Path(sys.argv[1]) if sys.argv[1:] else None)
def peak():
    # Not ru_maxrss, which begins at the peak of the process that this one was forked from.
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
def look(tokens):
    map_file(LongTrace(model, State.zeros(model.config), [5] * tokens), 1, "f", {{}})
look(600)
before = peak()
look({LONG_TURN})
print(peak() - before)
"""


def prompts(replies: Replies, rounds: int) -> Iterator[Line]:
    """Prefill, a stream's token gap and a short message's first token beside long prompts."""
    yield from _prefill(replies, rounds)
    yield from _beside(replies, rounds)
    if sys.platform == "linux":
        yield _memory()


def _prefill(replies: Replies, rounds: int) -> Iterator[Line]:
    model, blank = replies.model, State.zeros(replies.model.config)
    ids = torch.randint(3, model.config.vocab_size, (1, FED))
    engine = replies.engine(1)

    @torch.inference_mode()
    def bare() -> None:
        model.hidden(ids, blank)

    def fed() -> None:
        request = replies.request(FED + 1, 1)
        engine.add(request)
        while request.status is Status.PREFILL:
            engine.step()
        engine.abort(request)
        finish(engine)

    seconds = interleaved({"bare": bare, "fed": fed}, rounds)
    yield Line(
        f"prefill of {FED} tokens in slices over the bare nn.LSTM forward of them",
        ratio(seconds["fed"], seconds["bare"]),
        1.2,
        at_least=False,
    )


def _beside(replies: Replies, rounds: int) -> Iterator[Line]:
    steps = 20 * rounds
    alone, beside = _engine_with(replies, 0), _engine_with(replies, 16)
    for engine in (alone, beside):
        engine.add(replies.request(HELLO, 512))
        engine.step()
        engine.step()
    gaps: dict[str, list[float]] = {"alone": [], "beside": []}
    for _ in range(steps):
        for name, engine in (("alone", alone), ("beside", beside)):
            if not engine.scheduler.running:
                engine.add(replies.request(HELLO, 512))
                engine.step()
            gaps[name].append(_timed(engine.step))
    p95 = {name: statistics.quantiles(values, n=20)[-1] for name, values in gaps.items()}
    yield Line(
        f"token gap p95 of a stream beside 16 prompts of {LONGEST} tokens over alone",
        p95["beside"] / p95["alone"],
        2.0,
        at_least=False,
    )
    yield Line(
        "what a slice of a long prompt adds to a token gap, ms",
        1000 * (statistics.median(gaps["beside"]) - statistics.median(gaps["alone"])),
    )
    idle, busy = replies.engine(64), _engine_with(replies, 16)
    first: dict[str, list[float]] = {"idle": [], "busy": []}
    for _ in range(rounds):
        for name, engine in (("idle", idle), ("busy", busy)):
            first[name].append(_timed(partial(_first_token, replies, engine)))
    yield Line(
        f"first token of a short message beside 16 prompts of {LONGEST} tokens over alone",
        ratio(first["busy"], first["idle"]),
        1.5,
        at_least=False,
    )


def _engine_with(replies: Replies, prompts: int) -> Engine:
    """An engine with prompts that are longer than any run here reads."""
    engine = replies.engine(64)
    for _ in range(prompts):
        engine.add(replies.request(LONGEST * 16, 1))
    return engine


def _first_token(replies: Replies, engine: Engine) -> None:
    request = replies.request(HELLO, 8)
    engine.add(request)
    while not any(output.request is request and output.event for output in engine.step()):
        pass
    engine.abort(request)


def _timed(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def _memory() -> Line:
    out = subprocess.run(
        [sys.executable, "-c", _OPENING], capture_output=True, text=True, check=True
    )
    return Line(
        f"MB more to open the gates of a turn of {LONG_TURN:,} tokens",
        float(out.stdout),
        300,
        at_least=False,
    )
