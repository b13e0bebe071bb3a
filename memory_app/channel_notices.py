"""Notices to a chat's other sockets, through a channel layer that may be away, hang or drop.

Nothing waits for the layer: a socket opens and answers without it, and polls the chat's row for
lost notices (ChatConsumer._watch). Each event loop checks the layer by an echo; when that fails,
every connection is closed and every socket joins again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer

from memory_app.protocol import message_of
from memory_app.reply_events import ChatEvent

log = logging.getLogger(__name__)
Notice = dict[str, Any]
#: Seconds: for the layer to answer; between two echoes; between two tries; for a socket to join
#: before it opens (polling covers what happens between opening and joining).
ANSWER, BEAT, RETRY, GRACE = 2.0, 5.0, 1.0, 0.2
#: Missed echoes after which the layer counts as away; notices that may wait for it.
MISSED, WAITING = 3, 256


def group_of(chat: UUID) -> str:
    """The channel layer's group of one chat's sockets."""
    return f"chat.{chat.hex}"


def announce(chat: UUID, event: ChatEvent, origin: str = "") -> None:
    """Send a sparse event to the chat's sockets but `origin`; the layer may drop it."""
    message = message_of(event)
    notify(group_of(chat), {"type": message["type"], "frame": message, "origin": origin})


def notify(group: str, notice: Notice) -> None:
    """Send the group a notice; while the layer is away it is dropped."""
    link = _link()
    if link is not None:
        link.put(group, notice)


class Membership:
    """One socket's membership in a group: `take` is awaited with each notice, in order."""

    def __init__(self, group: str, take: Callable[[Notice], Awaitable[None]]) -> None:
        self._joined = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        link = _link()
        if link is not None:
            self._task = link.keep(link.listen(group, take, self._joined))

    async def joined(self) -> None:
        """Wait until the socket has joined, at most GRACE seconds."""
        if self._task is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._joined.wait(), GRACE)

    def leave(self) -> None:
        """Take no more notices; nothing waits for a hung layer to forget the socket."""
        if self._task is not None:
            self._task.cancel()


class _Link:
    """One event loop's connection to the layer."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._waiting: asyncio.Queue[tuple[str, Notice]] = asyncio.Queue(WAITING)
        self._up = asyncio.Event()
        #: Memberships from before it was set are lost.
        self._broken = asyncio.Event()
        #: Whether the layer is up; None until the first echo or miss.
        self._is_up: bool | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.keep(self._beat())
        self.keep(self._send_waiting())

    def keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name="notices")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def put(self, group: str, notice: Notice) -> None:
        if self._is_up is False:
            return
        if self._waiting.full():
            self._waiting.get_nowait()  # the oldest notice is worth least
        self._waiting.put_nowait((group, notice))

    async def listen(
        self, group: str, take: Callable[[Notice], Awaitable[None]], joined: asyncio.Event
    ) -> None:
        while True:
            await self._up.wait()
            broken = self._broken
            try:
                async with asyncio.timeout(ANSWER):
                    channel = await self._layer.new_channel()
                    await self._layer.group_add(group, channel)
            except Exception as fault:
                log.debug("a socket couldn't join", extra={"reason": type(fault).__name__})
                await asyncio.sleep(RETRY)
                continue
            joined.set()
            try:
                await self._take_until(broken, channel, take)
            finally:
                if not broken.is_set():
                    with suppress(Exception):
                        async with asyncio.timeout(ANSWER):
                            await self._layer.group_discard(group, channel)

    async def _take_until(
        self, broken: asyncio.Event, channel: str, take: Callable[[Notice], Awaitable[None]]
    ) -> None:
        breaking = asyncio.create_task(broken.wait(), name="notices-broken")
        receiving = asyncio.create_task(self._layer.receive(channel), name="notices-receive")
        try:
            while not broken.is_set():
                await asyncio.wait({breaking, receiving}, return_when=asyncio.FIRST_COMPLETED)
                if receiving.done():
                    notice = receiving.result()
                    receiving = asyncio.create_task(
                        self._layer.receive(channel), name="notices-receive"
                    )
                    try:
                        await take(notice)
                    except Exception:
                        log.exception("a notice broke its handler")
        finally:
            # The layer removes a channel in here, by a request to Redis.
            receiving.cancel()
            breaking.cancel()

    async def _send_waiting(self) -> None:
        while True:
            group, notice = await self._waiting.get()
            try:
                async with asyncio.timeout(ANSWER):
                    await self._layer.group_send(group, notice)
            except Exception as fault:
                # The echo reports whether the layer is away.
                log.debug("a notice was lost", extra={"reason": type(fault).__name__})

    async def _beat(self) -> None:
        while True:
            receiving: asyncio.Task[Any] | None = None
            try:
                async with asyncio.timeout(ANSWER):
                    channel = await self._layer.new_channel("beat.")
                while True:
                    receiving = asyncio.create_task(
                        self._layer.receive(channel), name="notices-receive"
                    )
                    await self._echo(channel, receiving)
                    self._report(up=True)
                    await asyncio.sleep(BEAT)
            except Exception as fault:
                self._report(up=False, reason=type(fault).__name__)
                await self._reset()
                await asyncio.sleep(RETRY)
            finally:
                if receiving is not None:
                    receiving.cancel()

    async def _echo(self, channel: str, receiving: "asyncio.Task[Any]") -> None:
        """Wait until an echo arrives.

        Raises:
            Exception: the layer fails, or returns none of several beats.
        """
        for _ in range(MISSED):
            async with asyncio.timeout(ANSWER):
                await self._layer.send(channel, {"type": "beat"})
            # Not `wait_for`: a channel whose `receive` is cancelled is gone.
            if (await asyncio.wait({receiving}, timeout=ANSWER))[0]:
                receiving.result()
                return
        raise TimeoutError

    async def _reset(self) -> None:
        """Close every connection and subscription, and have every socket join again."""
        with suppress(Exception):
            async with asyncio.timeout(ANSWER):
                await self._layer.flush()
        broken, self._broken = self._broken, asyncio.Event()
        broken.set()

    def _report(self, *, up: bool, reason: str = "") -> None:
        """Log changes only: a Redis that is away for a day is two lines."""
        if self._is_up is up:
            return
        if not up:
            self._up.clear()
            log.warning("the channel layer is away", extra={"reason": reason})
        else:
            self._up.set()
            if self._is_up is not None:
                log.info("the channel layer is back")
        self._is_up = up


_links: dict[asyncio.AbstractEventLoop, _Link] = {}


def _link() -> _Link | None:
    loop = asyncio.get_running_loop()
    if loop not in _links:
        layer = get_channel_layer()
        if layer is None:
            return None
        for closed in [past for past in _links if past.is_closed()]:
            del _links[closed]
        _links[loop] = _Link(layer)
    return _links[loop]
