"""The engine as event loops see it: submit a prompt, iterate over the tokens, stop it all."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch

from memory_app.core.cells.hold import Hold
from memory_app.core.engine.core import Engine
from memory_app.core.engine.engine_thread import EngineThread
from memory_app.core.engine.model_runner import ModelRunner
from memory_app.core.engine.request import Request
from memory_app.core.engine.stream import TokenStream
from memory_app.core.model.adapter import Adapter
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.state import State
from memory_app.core.sampling.settings import Sampling


class AsyncEngine:
    """Serves any number of replies on the checkpoints in use, from one daemon thread.

    Starts with the first `submit`, and again with the first one after a `stop`. `load` is called
    in a thread of its own with the key of a checkpoint that is not in use yet. At most
    `max_batch` replies run at once for each checkpoint, `max_waiting` more may wait in all, and
    checkpoints beyond `max_models` are dropped once nobody talks with them, the least recently
    used first. `dtype` is that of the weights; by default the fastest that this CPU has.
    """

    def __init__(
        self,
        load: Callable[[str], Checkpoint],
        *,
        max_batch: int = 64,
        max_models: int = 2,
        max_waiting: int = 256,
        dtype: torch.dtype | None = None,
    ) -> None:
        if min(max_batch, max_models, max_waiting) < 1:
            raise ValueError("An engine needs room for at least one reply and one model.")
        self._load = load
        self._max_batch = max_batch
        self._max_models = max_models
        self._max_open = max_batch + max_waiting
        self._dtype = dtype
        self._ids = itertools.count(1)
        self._lock = threading.Lock()  # guards which thread is the one
        self._thread: EngineThread | None = None

    def submit(
        self,
        checkpoint_key: str,
        prompt_ids: Sequence[int],
        state: State,
        sampling: Sampling,
        group: Hashable = None,
        hold: Hold | None = None,
        address: Hashable = None,
        adapter: Adapter | None = None,
    ) -> TokenStream:
        """Ask for a reply to a prompt fed from a state. Call it on an event loop; it never waits.

        With gates held (`hold`) it is decoded by itself, in float32. An `adapter` changes what is
        said, never the state.
        Prompts of one `group` (one person's) stand behind each other, not behind everybody's, and
        so do those of one `address`.

        Raises:
            EngineFull: as many replies as may wait do so already.
            ValueError: an empty prompt, negative ids, or a state of another batch than 1.
        """
        request = Request(
            next(self._ids), list(prompt_ids), state, sampling, group, address, hold, adapter
        )
        with self._lock:
            while True:
                if self._thread is None:
                    self._thread = EngineThread(self._build, self._max_models, self._max_open)
                    self._thread.start()
                stream = TokenStream(request, self._thread.cancel)
                if self._thread.submit(checkpoint_key, stream):
                    return stream
                self._thread = None  # it died by a fault that its log names

    def stop(self, timeout: float = 10.0) -> None:
        """End every stream as failed and wait for the thread, which ends after its step.

        It may be called from any thread, more than once, and before anything was started.
        """
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()
            thread.join(timeout)

    def stats(self) -> dict[str, Any]:
        """What a health page shows. `alive` is false only for a thread that died by a fault."""
        thread = self._thread
        if thread is None:
            return {"alive": True, "started": False, "open": 0, "running": 0, "models": 0}
        return {
            "alive": thread.is_alive(),
            "started": True,
            **thread.counts(),
            "steps": thread.steps,
            "tokens": thread.tokens,
            "step_ms": round(1000 * thread.step_seconds, 3),
        }

    def _build(self, key: str) -> Engine:
        checkpoint = self._load(key)
        tokenizer = checkpoint.tokenizer
        return Engine(
            ModelRunner(checkpoint.model, self._dtype),
            end_id=tokenizer.end_id,
            banned=(tokenizer.user_id, tokenizer.bot_id),
            max_batch=self._max_batch,
            max_waiting=self._max_open,
        )
