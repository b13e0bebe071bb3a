"""The composition root: settings and registry make the engine and the models that it runs.

The only reader of MEMORY_* settings. Everything here is created lazily, may be stopped, and may
start again in the same process (tests, a restarted lifespan).
"""

import logging
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal, TypeVar

from django.conf import settings

from memory_app import registry
from memory_app.core.engine.async_engine import AsyncEngine
from memory_app.core.engine.core import Engine
from memory_app.core.engine.model_runner import ModelRunner
from memory_app.core.engine.prefill_rate import reading_pace
from memory_app.core.inspection.trace_cache import TraceCache
from memory_app.core.inspection.trace_queries import AnyTrace, begin
from memory_app.core.model.checkpoint import Checkpoint, CheckpointError, load_checkpoint
from memory_app.core.model.replay import configure_process

log = logging.getLogger(__name__)
_lock = threading.Lock()
_models: OrderedDict[str, Checkpoint] = OrderedDict()
_paces: dict[str, float] = {}
_measuring = threading.Lock()
_engine: AsyncEngine | None = None
_traces: TraceCache | None = None
_asking: OrderedDict[str, Engine] = OrderedDict()  # used by the one thread of the queue "gauge"
_ahead: ThreadPoolExecutor | None = None
_aside: dict[str, ThreadPoolExecutor] = {}
#: Rows of an engine that asks memories questions.
ASKING_ROWS = 32
#: A third of a core's share beside a busy thread of normal niceness.
ASIDE_NICENESS = 5
_T = TypeVar("_T")


def load_checkpoint_by_sha(sha256: str) -> Checkpoint:
    """The model with these weights, loaded at most once and kept while it is in use.

    Raises:
        CheckpointError: its files are missing or differ from that hash.
    """
    with _lock:
        if sha256 in _models:
            _models.move_to_end(sha256)
            return _models[sha256]
        configure_process()
        loaded = load_checkpoint(registry.folder_of(sha256))
        if loaded.sha256 != sha256:
            raise CheckpointError("The checkpoint's files have changed since it was registered.")
        _models[sha256] = loaded
        while len(_models) > settings.MEMORY_MAX_MODELS:
            _models.popitem(last=False)
        return loaded


def get_engine() -> AsyncEngine:
    """This process's engine; its thread starts with the first reply."""
    global _engine  # noqa: PLW0603  (one engine a process is the point of this file)
    with _lock:
        if _engine is None:
            configure_process()
            _engine = AsyncEngine(
                load_checkpoint_by_sha,
                max_batch=settings.MEMORY_MAX_BATCH,
                max_models=settings.MEMORY_MAX_MODELS,
            )
        return _engine


def reading_ms(sha256: str) -> float:
    """Milliseconds that the engine takes here for each token of a long prompt; measured once.

    Raises:
        CheckpointError: as `load_checkpoint_by_sha`.
    """
    with _measuring:
        if sha256 not in _paces:
            configure_process()  # torch keeps a thread count per thread, and the engine's is one
            runner = ModelRunner(load_checkpoint_by_sha(sha256).model)
            _paces[sha256] = 1000 * reading_pace(runner)
        return _paces[sha256]


def is_replying() -> bool:
    """Whether a reply is being generated in this process, or waits for its turn."""
    return bool(engine_stats().get("open"))


def asking_engine(sha256: str) -> Engine:
    """An engine that asks copies of states questions; only the thread of "gauge" calls it.

    Its arithmetic is that of the chats' engine, and its prompts aren't sliced: nobody waits.

    Raises:
        CheckpointError: as `load_checkpoint_by_sha`.
    """
    if sha256 not in _asking:
        checkpoint = load_checkpoint_by_sha(sha256)
        tokenizer = checkpoint.tokenizer
        _asking[sha256] = Engine(
            ModelRunner(checkpoint.model),
            end_id=tokenizer.end_id,
            banned=(tokenizer.user_id, tokenizer.bot_id),
            max_batch=ASKING_ROWS,
            slice_length=1024,
            capture_gates=False,
        )
    _asking.move_to_end(sha256)
    while len(_asking) > settings.MEMORY_MAX_MODELS:
        _asking.popitem(last=False)
    return _asking[sha256]


def engine_stats() -> dict[str, Any]:
    """The engine's load; empty where no reply has needed an engine yet."""
    engine = _engine
    return engine.stats() if engine is not None else {}


def get_traces() -> TraceCache:
    """This process's cache of traces."""
    global _traces  # noqa: PLW0603
    with _lock:
        if _traces is None:
            configure_process()
            _traces = TraceCache(settings.MEMORY_TRACE_CACHE_MB << 20)
        return _traces


def compute_ahead(trace: AnyTrace) -> None:
    """Compute a trace's last layer in the one thread that works ahead of requests.

    Not the others: they would take the processor from the page that draws the first.
    """
    global _ahead  # noqa: PLW0603
    with _lock:
        if _ahead is None:
            _ahead = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        ahead = _ahead
    ahead.submit(begin, trace)


def compute_aside(
    call: Callable[[], _T],
    *,
    queue: Literal[
        "stopped",
        "replies",
        "windows",
        "changes",
        "ledger",
        "effects",
        "gauge",
        "units",
        "lab",
        "speech",
    ],
) -> Future[_T]:
    """Run a computation of seconds in the one thread of its queue, after those that wait already.

    The threads are niced, so that the engine's has priority where cores are few; except for the
    queue of `stopped` replies, for which a person waits at this moment.
    """
    with _lock:
        if queue not in _aside:
            _aside[queue] = ThreadPoolExecutor(
                1,
                thread_name_prefix=f"aside-{queue}",
                initializer=configure_process if queue == "stopped" else _give_way,
            )
        return _aside[queue].submit(call)


def _give_way() -> None:
    configure_process()
    if sys.platform == "linux":  # where a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), ASIDE_NICENESS)


def warm_up() -> None:
    """Load the live checkpoint before the first request; /readyz reports a failure."""
    row = registry.live()
    if row is not None:
        try:
            load_checkpoint_by_sha(row.sha256)
        except CheckpointError as fault:
            log.error("checkpoint unusable", extra={"sha256": row.sha256, "reason": str(fault)})


def stop() -> None:
    """End the threads and release models and traces; the next use starts afresh."""
    global _engine, _traces, _ahead  # noqa: PLW0603
    with _lock:
        engine, _engine = _engine, None
        pools = [*_aside.values(), *([_ahead] if _ahead is not None else [])]
        _aside.clear()
        _ahead = None
        _traces = None
        _models.clear()
    for pool in pools:
        pool.shutdown(cancel_futures=True)
    _asking.clear()
    if engine is not None:
        engine.stop()


def engine_health() -> tuple[bool, str]:
    """Whether the engine answers, with one phrase for an operator."""
    try:
        stats = get_engine().stats()
    except Exception as fault:
        log.exception("the engine doesn't answer")
        return False, f"The engine doesn't answer ({type(fault).__name__})."
    return True, f"{stats.get('running', 0)} replies running"
