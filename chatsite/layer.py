"""The channel layer of several site processes: delivered here at once, to others by Redis.

A layer is a hint. `channels_redis` asks Redis before a socket may open, so that a chat couldn't be
opened while Redis was away, nor while it hung. Here sockets of one process are told in memory, and
one background task an event loop carries the word to and from Redis: what can't be carried is
dropped, and consumers ask the chat's row all the same (ChatConsumer._watch).
"""

from __future__ import annotations

import asyncio
import json
import logging
from time import monotonic
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from channels.layers import InMemoryChannelLayer
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
TOPIC = "gatescope.hints"
#: Seconds: for Redis to answer; between two beats, whose echo shows that Redis carries; without any
#: word from Redis before a new connection is tried; between two tries.
ANSWER, BEAT, SILENCE, RETRY = 2.0, 5.0, 15.0, 1.0
#: Hints that wait for Redis, and members of a group, in seconds: a tab may stay open for months.
WAITING, MEMBERSHIP = 256, 10 * 365 * 86400


class Layer(InMemoryChannelLayer):
    """In memory within the process; `url` names the Redis between processes."""

    def __init__(self, url: str, **config: Any) -> None:
        super().__init__(group_expiry=MEMBERSHIP, **config)
        self._url = url
        self._carriers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Carrier] = WeakKeyDictionary()

    async def group_add(self, group: str, channel: str) -> None:
        await super().group_add(group, channel)
        self._carrier()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await super().group_send(group, message)
        self._carrier().put(group, message)

    async def deliver(self, group: str, message: dict[str, Any]) -> None:
        """Tell this process's members alone: the word came from another process."""
        await super().group_send(group, message)

    def _carrier(self) -> _Carrier:
        loop = asyncio.get_running_loop()
        if loop not in self._carriers:
            self._carriers[loop] = _Carrier(self, self._url)
        return self._carriers[loop]


class _Carrier:
    """Carries hints between one event loop and Redis for as long as the loop runs."""

    def __init__(self, layer: Layer, url: str) -> None:
        self._layer = layer
        self._url = url
        self._name = uuid4().hex
        self._waiting: asyncio.Queue[str] = asyncio.Queue(WAITING)
        self._up: bool | None = None
        self._task = asyncio.create_task(self._run(), name="layer")

    def put(self, group: str, message: dict[str, Any]) -> None:
        if self._waiting.full():
            self._waiting.get_nowait()  # the oldest hint is worth least
        self._waiting.put_nowait(json.dumps([self._name, group, message]))

    async def _run(self) -> None:
        while True:
            client = Redis.from_url(
                self._url,
                socket_timeout=ANSWER,
                socket_connect_timeout=ANSWER,
                decode_responses=True,
            )
            try:
                await self._carry(client)
            except (RedisError, OSError, TimeoutError) as fault:
                self._say(up=False, reason=type(fault).__name__)
            finally:
                # `nowait`: a hung Redis is not asked for leave.
                await client.connection_pool.disconnect(inuse_connections=True)
            await asyncio.sleep(RETRY)

    async def _carry(self, client: Redis) -> None:
        """Until Redis fails or is silent.

        Raises:
            RedisError, OSError, TimeoutError: Redis is away or hangs.
        """
        async with asyncio.timeout(2 * ANSWER):
            pubsub = client.pubsub()
            await pubsub.subscribe(TOPIC)
        speaking = asyncio.create_task(self._publish(client), name="layer-publish")
        try:
            heard = monotonic()
            while True:
                # Times out within itself; a hung Redis shows by the beat that has no echo.
                word = await pubsub.get_message(ignore_subscribe_messages=True, timeout=ANSWER)
                if word is not None:
                    heard = monotonic()
                    self._say(up=True)
                    await self._take(word["data"])
                if speaking.done():
                    await speaking  # raises what ended it
                if monotonic() - heard > SILENCE:
                    raise TimeoutError
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)

    async def _publish(self, client: Redis) -> None:
        while True:
            try:
                word = await asyncio.wait_for(self._waiting.get(), BEAT)
            except TimeoutError:
                word = json.dumps([self._name, "", {}])
            async with asyncio.timeout(2 * ANSWER):
                await client.publish(TOPIC, word)

    async def _take(self, word: str) -> None:
        try:
            name, group, message = json.loads(word)
        except ValueError:
            return  # somebody else's word on this topic
        if name != self._name and group:
            await self._layer.deliver(group, message)

    def _say(self, *, up: bool, reason: str = "") -> None:
        """Log a change alone: a Redis that is away for a day is two lines."""
        if self._up is up:
            return
        if not up:
            log.warning("Redis is away: processes don't hear each other", extra={"reason": reason})
        elif self._up is not None:
            log.info("Redis is back")
        self._up = up
