"""uvicorn as the site runs it: on sockets that are already ours, with a quiet end."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
from django.conf import settings

APPLICATION = "chatsite.asgi:application"


def configuration() -> uvicorn.Config:
    """The server's configuration, the same in `up`, in a container and in tests."""
    return uvicorn.Config(
        APPLICATION,
        lifespan="on",
        ws="websockets-sansio",
        ws_max_size=settings.WEBSOCKET_MAX_BYTES,
        # Deflating runs in the event loop, and on frames as small as tokens it saves little.
        ws_per_message_deflate=False,
        # Django's settings have configured logging; a line a request would log people's searches.
        log_config=None,
        access_log=False,
        server_header=False,
        # A proxy's header for the client's address: no proxy is trusted by default.
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )


class Server(uvicorn.Server):
    """Ends with status 0 on SIGINT and SIGTERM, where uvicorn would raise the signal once more."""

    def __init__(self, config: uvicorn.Config, on_signal: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_signal = on_signal

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {
            number: signal.signal(number, self.handle_exit)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._on_signal()


def serve(sockets: list[socket.socket], on_signal: Callable[[], None]) -> bool:
    """Serve until a signal; returns whether the site had started at all."""
    server = Server(configuration(), on_signal)
    try:
        server.run(sockets=sockets)
    except SystemExit:  # the lifespan's start failed, and uvicorn has logged why
        return False
    return server.started
