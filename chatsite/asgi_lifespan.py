"""The ASGI lifespan: everything that lives as long as the server."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from memory_app import error_log, generation, runtime
from memory_app.database_thread import in_thread

log = logging.getLogger(__name__)
_warming: set[asyncio.Task[None]] = set()


async def lifespan(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Start recovery and heartbeat; at the end interrupt replies and stop the engine."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            error_log.start()
            generation.start()
            # The server answers meanwhile; only the first request for the model waits for it.
            task = asyncio.create_task(in_thread(runtime.warm_up))
            _warming.add(task)
            task.add_done_callback(_warming.discard)
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await generation.stop()
            await asyncio.to_thread(runtime.stop)
            await asyncio.to_thread(error_log.stop)
            await send({"type": "lifespan.shutdown.complete"})
            return
