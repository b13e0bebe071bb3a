"""Hints to a chat's other sockets, through a channel layer that may be away, hang or forget.

Nobody waits for it: a socket opens and answers without it, and what it loses each socket's own look
at the chat's row tells (ChatConsumer._watch). One line an event loop watches the layer by a beat
that comes back; when it doesn't, every connection is thrown away and every socket joins anew.
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
Hint = dict[str, Any]
#: Seconds: for the layer to answer; between two beats; between two tries; that a socket waits to
#: have joined before it opens (what happens between its opening and its joining, its looks tell).
ANSWER, BEAT, RETRY, GRACE = 2.0, 5.0, 1.0, 0.2
#: Beats without an echo, after which the layer is away; hints that wait for it.
MISSED, WAITING = 3, 256


def group_of(chat: UUID) -> str:
    """The channel layer's group of one chat's sockets."""
    return f"chat.{chat.hex}"


def announce(chat: UUID, event: ChatEvent, origin: str = "") -> None:
    """Send a sparse event to the chat's sockets but `origin`: a hint, which the layer may drop."""
    message = message_of(event)
    tell(group_of(chat), {"type": message["type"], "frame": message, "origin": origin})


def tell(group: str, hint: Hint) -> None:
    """Send the group a hint, as far as the layer can; while it is away the hint is dropped."""
    line = _line()
    if line is not None:
        line.put(group, hint)


class Ears:
    """One socket's place in a group: `take` is awaited with each hint, one after the other."""

    def __init__(self, group: str, take: Callable[[Hint], Awaitable[None]]) -> None:
        self._joined = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        line = _line()
        if line is not None:
            self._task = line.keep(line.listen(group, take, self._joined))

    async def joined(self) -> None:
        """Wait until the socket has joined, but no longer than a moment."""
        if self._task is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._joined.wait(), GRACE)

    def leave(self) -> None:
        """Take no more hints; that a hung layer is asked to forget the socket, nobody awaits."""
        if self._task is not None:
            self._task.cancel()


class _Line:
    """The way of one event loop to the layer."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._waiting: asyncio.Queue[tuple[str, Hint]] = asyncio.Queue(WAITING)
        self._up = asyncio.Event()
        #: What was joined before it was set is lost.
        self._broken = asyncio.Event()
        #: None until the layer was first seen or missed.
        self._said: bool | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.keep(self._beat())
        self.keep(self._speak())

    def keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name="hints")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def put(self, group: str, hint: Hint) -> None:
        if self._said is False:
            return
        if self._waiting.full():
            self._waiting.get_nowait()  # the oldest hint is worth least
        self._waiting.put_nowait((group, hint))

    async def listen(
        self, group: str, take: Callable[[Hint], Awaitable[None]], joined: asyncio.Event
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
        self, broken: asyncio.Event, channel: str, take: Callable[[Hint], Awaitable[None]]
    ) -> None:
        breaking = asyncio.create_task(broken.wait(), name="hints-broken")
        receiving = asyncio.create_task(self._layer.receive(channel), name="hints-receive")
        try:
            while not broken.is_set():
                await asyncio.wait({breaking, receiving}, return_when=asyncio.FIRST_COMPLETED)
                if receiving.done():
                    hint = receiving.result()
                    receiving = asyncio.create_task(
                        self._layer.receive(channel), name="hints-receive"
                    )
                    try:
                        await take(hint)
                    except Exception:
                        log.exception("a hint broke its handler")
        finally:
            # The layer's clean-up of a channel happens in here, and asks Redis.
            receiving.cancel()
            breaking.cancel()

    async def _speak(self) -> None:
        while True:
            group, hint = await self._waiting.get()
            try:
                async with asyncio.timeout(ANSWER):
                    await self._layer.group_send(group, hint)
            except Exception as fault:
                # Whether the layer is away, the beat tells.
                log.debug("a hint was lost", extra={"reason": type(fault).__name__})

    async def _beat(self) -> None:
        while True:
            receiving: asyncio.Task[Any] | None = None
            try:
                async with asyncio.timeout(ANSWER):
                    channel = await self._layer.new_channel("beat.")
                while True:
                    receiving = asyncio.create_task(
                        self._layer.receive(channel), name="hints-receive"
                    )
                    await self._echo(channel, receiving)
                    self._say(up=True)
                    await asyncio.sleep(BEAT)
            except Exception as fault:
                self._say(up=False, reason=type(fault).__name__)
                await self._reset()
                await asyncio.sleep(RETRY)
            finally:
                if receiving is not None:
                    receiving.cancel()

    async def _echo(self, channel: str, receiving: "asyncio.Task[Any]") -> None:
        """Until a beat comes back.

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
        """Throw away every connection and subscription, and have every socket join anew."""
        with suppress(Exception):
            async with asyncio.timeout(ANSWER):
                await self._layer.flush()
        broken, self._broken = self._broken, asyncio.Event()
        broken.set()

    def _say(self, *, up: bool, reason: str = "") -> None:
        """Log a change alone: a Redis that is away for a day is two lines."""
        if self._said is up:
            return
        if not up:
            self._up.clear()
            log.warning("the channel layer is away", extra={"reason": reason})
        else:
            self._up.set()
            if self._said is not None:
                log.info("the channel layer is back")
        self._said = up


_lines: dict[asyncio.AbstractEventLoop, _Line] = {}


def _line() -> _Line | None:
    loop = asyncio.get_running_loop()
    if loop not in _lines:
        layer = get_channel_layer()
        if layer is None:
            return None
        for past in [one for one in _lines if one.is_closed()]:
            del _lines[past]
        _lines[loop] = _Line(layer)
    return _lines[loop]
