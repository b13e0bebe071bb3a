"""The site as it is served: uvicorn in a thread of its own, stopped and started at will."""

import socket
import threading
from typing import Any

import uvicorn


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class SiteServer:
    """One server on one port; `stop` closes its sockets with 1012, as a restart does."""

    def __init__(self, application: Any, port: int) -> None:
        self.application = application
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def start(self) -> None:
        config = uvicorn.Config(
            self.application,
            host="127.0.0.1",
            port=self.port,
            lifespan="on",
            log_config=None,
            log_level="warning",
            timeout_graceful_shutdown=1,
        )
        self.server = uvicorn.Server(config)
        started = threading.Event()
        notify = self.server.startup

        async def startup(sockets: Any = None) -> None:
            await notify(sockets=sockets)
            started.set()

        self.server.startup = startup  # type: ignore[method-assign]
        self.thread = threading.Thread(target=self.server.run, name="site", daemon=True)
        self.thread.start()
        if not started.wait(20):
            raise RuntimeError("The site didn't start.")

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)
        if self.thread.is_alive():
            raise RuntimeError("The site didn't stop.")
