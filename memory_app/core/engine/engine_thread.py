"""The one thread that steps: takes requests and cancels between steps, wakes loops after them."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from memory_app.core.engine.core import Engine
from memory_app.core.engine.request import FinishReason, Output, Request
from memory_app.core.engine.scheduler import KEPT, EngineFull
from memory_app.core.engine.stream import TokenStream
from memory_app.core.model.replay import configure_process

logger = logging.getLogger(__name__)


class EngineThread(threading.Thread):
    """Owns an engine per checkpoint in use. It is started once and ends with `stop`.

    `build` makes the engine of a checkpoint; it runs in a thread of its own, so that those who
    talk with another checkpoint are not held up. Nothing outlives the thread but the streams,
    which all end with it.
    """

    def __init__(self, build: Callable[[str], Engine], max_models: int, max_open: int) -> None:
        super().__init__(name="engine", daemon=True)
        self._build = build
        self._max_models = max_models
        self._max_open = max_open
        # What other threads leave here is guarded by the condition; the rest is this thread's own.
        self._changed = threading.Condition()
        self._stopping = False
        self._inbox: list[Callable[[], None]] = []
        self._open: set[TokenStream] = set()  # all that have not ended

        self._engines: OrderedDict[str, Engine] = OrderedDict()  # least recently used first
        self._building: dict[str, list[TokenStream]] = {}
        self._streams: dict[Request, tuple[TokenStream, Engine]] = {}
        self.steps = 0
        self.tokens = 0
        self.step_seconds = 0.0  # of the latest steps, exponentially averaged

    # From any thread.

    def submit(self, checkpoint_key: str, stream: TokenStream) -> bool:
        """Take a stream on; False where the thread has ended or is about to.

        Raises:
            EngineFull: as many as may run or wait do so already.
        """
        with self._changed:
            if self._stopping:
                return False
            # The last places are for those who have none, so that one address can't take all.
            own = any(o.request.account[0] == stream.request.account[0] for o in self._open)
            kept = self._max_open // KEPT if own else 0
            if len(self._open) >= self._max_open - kept:
                raise EngineFull("Too many replies wait for the model.")
            self._open.add(stream)
        self._leave(lambda: self._take(checkpoint_key, stream))
        return True

    def cancel(self, stream: TokenStream) -> None:
        """End a stream as stopped at the next step; nothing happens when it has ended."""
        self._leave(lambda: self._abort(stream))

    def stop(self) -> None:
        """End the thread after the step it is in, and every stream as failed."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def counts(self) -> dict[str, int]:
        """How much there is of each thing, read without a lock."""
        engines = list(self._engines.values())
        return {
            "open": len(self._open),
            "running": sum(len(engine.scheduler.running) for engine in engines),
            "models": len(engines),
        }

    def _leave(self, message: Callable[[], None]) -> None:
        with self._changed:
            self._inbox.append(message)
            self._changed.notify()

    # From here on: this thread.

    def run(self) -> None:
        """Step while there is work, sleep while there is none."""
        configure_process()  # torch keeps a thread count per thread
        try:
            while self._receive():
                self._step()
        except Exception:
            logger.exception("The engine's thread ended; the next reply starts another.")
        finally:
            with self._changed:
                self._stopping = True
                left = list(self._open)
            self._publish([(stream, "failed") for stream in left])

    def _receive(self) -> bool:
        """Handle what others left here, waiting for it when there is nothing to step."""
        with self._changed:
            while not (self._inbox or self._stopping or self._has_work()):
                self._changed.wait()
            messages, self._inbox = self._inbox, []
            if self._stopping:
                return False
        for message in messages:
            message()
        return True

    def _has_work(self) -> bool:
        return any(engine.has_work for engine in self._engines.values())

    def _take(self, key: str, stream: TokenStream) -> None:
        if key in self._engines:
            self._engines.move_to_end(key)
            self._add(self._engines[key], stream)
            return
        waiting = self._building.setdefault(key, [])
        waiting.append(stream)
        if len(waiting) == 1:
            threading.Thread(
                target=self._build_aside, args=(key,), name="engine-build", daemon=True
            ).start()

    def _build_aside(self, key: str) -> None:
        configure_process()
        engine: Engine | None = None
        try:
            engine = self._build(key)
        except Exception:
            logger.exception("The model %s cannot be used.", key)
        self._leave(lambda: self._built(key, engine))

    def _built(self, key: str, engine: Engine | None) -> None:
        streams = self._building.pop(key)
        if engine is None:
            self._publish([(stream, "failed") for stream in streams])
            return
        self._engines[key] = engine
        for stream in streams:
            self._add(engine, stream)
        self._drop_idle()

    def _add(self, engine: Engine, stream: TokenStream) -> None:
        try:
            engine.add(stream.request)
        except ValueError:
            logger.exception("A request does not fit its checkpoint.")
            self._publish([(stream, "failed")])
        else:
            self._streams[stream.request] = (stream, engine)

    def _abort(self, stream: TokenStream) -> None:
        if stream.request in self._streams:
            self._streams[stream.request][1].abort(stream.request)
            return
        for waiting in self._building.values():
            if stream in waiting:
                waiting.remove(stream)
                self._publish([(stream, "stopped")])

    def _drop_idle(self) -> None:
        """Forget the least recently used checkpoints beyond the limit that nobody talks with."""
        for key in list(self._engines)[:-1]:
            if len(self._engines) > self._max_models and not self._engines[key].has_work:
                del self._engines[key]

    def _step(self) -> None:
        for engine in list(self._engines.values()):
            if not engine.has_work:
                continue
            began = time.perf_counter()
            outputs = engine.step()
            seconds = time.perf_counter() - began
            self.step_seconds += (seconds - self.step_seconds) * (0.05 if self.steps else 1.0)
            self.steps += 1
            self._forward(outputs)
        self._drop_idle()

    def _forward(self, outputs: list[Output]) -> None:
        changes: list[tuple[TokenStream, FinishReason | None]] = []
        for output in outputs:
            stream = self._streams[output.request][0]
            if output.event is not None:
                stream.events.append(output.event)
                self.tokens += 1
            if output.finish_reason is not None:
                del self._streams[output.request]
            changes.append((stream, output.finish_reason))
        self._publish(changes)

    def _publish(self, changes: Iterable[tuple[TokenStream, FinishReason | None]]) -> None:
        """Mark ends and wake each loop once, however many of its streams have news."""
        news: dict[asyncio.AbstractEventLoop, list[TokenStream]] = {}
        for stream, reason in changes:
            if reason is not None:
                stream.finish_reason = reason
                with self._changed:
                    self._open.discard(stream)
            news.setdefault(stream.loop, []).append(stream)
        for loop, streams in news.items():
            try:
                loop.call_soon_threadsafe(_wake, streams)
            except RuntimeError:
                # The loop is closed, and with it every reader: nobody needs these any more.
                for stream in streams:
                    if stream.request in self._streams:
                        self._streams[stream.request][1].abort(stream.request)


def _wake(streams: list[TokenStream]) -> None:
    for stream in streams:
        stream.wake()
