"""The tokens of one reply on their way from the engine's thread to a reader on an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from memory_app.core.engine.request import FinishReason, Request, Status, TokenEvent


class TokenStream:
    """An async iterator over one reply's tokens, for one reader on the loop that submitted it.

    The list of events is the queue: it holds at most `max_tokens` of them, so it is bounded,
    nothing is ever dropped, and a reader that falls behind catches up from it and delays nobody.
    `finish_reason` is set once all events are there; read to the end before relying on it.
    """

    def __init__(self, request: Request, cancel: Callable[[TokenStream], None]) -> None:
        self.request = request
        self.events: list[TokenEvent] = []
        self.finish_reason: FinishReason | None = None
        self.loop = asyncio.get_running_loop()
        self._cancel = cancel
        self._cursor = 0
        self._waiter: asyncio.Future[None] | None = None

    def cancel(self) -> None:
        """End the reply at the next step as `stopped`; what was put out stays. From any thread."""
        self._cancel(self)

    @property
    def ahead(self) -> int:
        """How many prompts are fed before this one, as of the last slice."""
        return self.request.ahead if self.request.status is Status.PREFILL else 0

    def __aiter__(self) -> TokenStream:
        return self

    async def __anext__(self) -> TokenEvent:
        while True:
            # The end is read before the list: the engine's thread fills the list first.
            finished = self.finish_reason is not None
            if self._cursor < len(self.events):
                self._cursor += 1
                return self.events[self._cursor - 1]
            if finished:
                raise StopAsyncIteration
            self._waiter = self.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def wake(self) -> None:
        """On the loop: something was added."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
