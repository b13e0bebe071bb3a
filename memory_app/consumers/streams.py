"""The replies that one socket follows, each by a task that sends its events."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from memory_app import outage_log
from memory_app.consumers.outlet import BROKEN, Outlet
from memory_app.database_thread import in_thread
from memory_app.models import Turn, TurnStatus
from memory_app.reply import Reply
from memory_app.reply_events import ReplyEvent, ReplyFinished, ReplyToken

log = logging.getLogger(__name__)
#: Seconds between two looks at a turn whose reply another process generates.
POLL = 0.5
#: Turns remembered as ended.
ENDED_MAX = 256


@dataclass(slots=True)
class _Stream:
    """The place in one reply: sending began at token `start`, and `next` is the next to send."""

    task: asyncio.Task[None]
    start: int
    next: int
    # The reply runs in this process, so that its own events say all there is.
    is_local: bool


class Streams:
    """`send` sends one event to the client."""

    def __init__(self, outlet: Outlet, send: Callable[[ReplyEvent], Awaitable[None]]) -> None:
        self._outlet = outlet
        self._send = send
        self._streams: dict[UUID, _Stream] = {}
        #: Turns whose end was sent.
        self.ended: deque[UUID] = deque(maxlen=ENDED_MAX)

    def __contains__(self, turn: UUID) -> bool:
        return turn in self._streams

    def is_local(self, turn: UUID) -> bool:
        """Whether this socket follows the turn's reply in this process."""
        return turn in self._streams and self._streams[turn].is_local

    def has_sent(self, turn: UUID, after: int) -> bool:
        """Whether the running stream, if any, began at or before the token after this one.

        Then its frames are on their way; a new stream is only for a gap.
        """
        stream = self._streams.get(turn)
        return stream is not None and after >= 0 and stream.start <= after + 1 <= stream.next

    def follow(self, turn: UUID, reply: Reply | None, *, after: int = -1) -> None:
        """Send what comes after this token; a stream of the same turn ends for it."""
        if turn in self._streams:
            self._streams[turn].task.cancel()
        task = asyncio.create_task(self._relay(turn, reply), name="socket-stream")
        self._streams[turn] = _Stream(task, after + 1, after + 1, reply is not None)

    def cancel(self) -> list[asyncio.Task[None]]:
        """Cancel every stream; their tasks, to be awaited."""
        tasks = [stream.task for stream in self._streams.values()]
        for task in tasks:
            task.cancel()
        return tasks

    async def _relay(self, turn: UUID, reply: Reply | None) -> None:
        stream = self._streams[turn]
        try:
            if reply is None:
                end = await self._end_elsewhere(turn)
                if end is not None:
                    self.ended.append(turn)
                    await self._send(end)
                return
            # Closed at once, so that the reply knows who still follows it.
            async with aclosing(reply.follow(stream.next - 1)) as events:
                async for event in events:
                    if isinstance(event, ReplyToken):
                        stream.next += 1
                    elif isinstance(event, ReplyFinished):
                        self.ended.append(turn)
                    await self._send(event)
                    if self._outlet.shut:
                        return
        except Exception as fault:
            # The reply goes on without this socket, which may ask for the rest.
            if not outage_log.failed(fault, at="stream"):
                log.exception("a stream broke", extra={"turn": str(turn)})
            await self._outlet.close(BROKEN)
        finally:
            if self._streams.get(turn) is stream:
                del self._streams[turn]

    async def _end_elsewhere(self, turn: UUID) -> ReplyFinished | None:
        """The end of a turn that has ended or runs in another process, by polling its row.

        None: the turn was purged with its chat, and the watch closes the socket.
        """
        query = Turn.objects.filter(pk=turn).defer("state", "given")
        while True:
            row = await in_thread(query.first)
            if row is None:
                return None
            if row.status != TurnStatus.RUNNING:
                return ReplyFinished.of(row)
            await asyncio.sleep(POLL)
