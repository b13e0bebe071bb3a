"""The sending side of one socket: frames within a time limit, and one close."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

log = logging.getLogger(__name__)
#: Seconds for the client to take one frame.
SEND_TIMEOUT = 30.0
#: Close codes: the client fell behind; a stream failed.
BEHIND, BROKEN = 1013, 1011


class Outlet:
    """Sends frames until the client left or was shut out; from then on it is `shut`."""

    def __init__(
        self, send: Callable[..., Awaitable[Any]], close: Callable[..., Awaitable[Any]]
    ) -> None:
        self._send = send
        self._close = close
        self.shut = False

    async def send(self, frame: str) -> None:
        """Send one frame; nothing, and `shut`, where the client has left or stopped reading."""
        if self.shut:
            return
        try:
            # uvicorn waits here while the client doesn't read, so no frames pile up.
            await asyncio.wait_for(self._send(text_data=frame), SEND_TIMEOUT)
        except TimeoutError:
            log.info("a socket fell behind")
            await self.close(BEHIND)
        except (OSError, RuntimeError) as fault:
            # uvicorn's ClientDisconnected is an OSError; after a close it raises RuntimeError.
            self.shut = True
            log.debug("a socket was gone", extra={"reason": type(fault).__name__})

    async def close(self, code: int | None = None) -> None:
        """Close once, however often it is called; a client that has left is no fault."""
        if self.shut:
            return
        self.shut = True
        try:
            await asyncio.wait_for(self._close(code=code), 1)
        except (OSError, RuntimeError) as fault:  # TimeoutError is an OSError
            log.debug("a socket was gone", extra={"reason": type(fault).__name__})
