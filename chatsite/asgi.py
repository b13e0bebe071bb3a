"""The ASGI application: static files, then Django's pages, the chat's sockets, and the lifespan."""

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
django.setup(set_prefix=False)

# These need the apps that the line above has loaded.
from channels.routing import ProtocolTypeRouter  # noqa: E402

from chatsite.allocator import share_arenas  # noqa: E402
from chatsite.asgi_body_limit import Bodies, Handler  # noqa: E402
from chatsite.asgi_lifespan import lifespan  # noqa: E402
from chatsite.asgi_static import StaticFiles  # noqa: E402
from memory_app import socket_count  # noqa: E402
from memory_app.routing import router  # noqa: E402

share_arenas()


async def sockets(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """A path without a socket is refused like a forbidden one, not with a traceback."""
    try:
        with socket_count.socket():
            await router(scope, receive, send)
    except ValueError as fault:
        if not str(fault).startswith("No route found"):
            raise
        await send({"type": "websocket.close"})


application = StaticFiles(
    ProtocolTypeRouter({"http": Bodies(Handler()), "websocket": sockets, "lifespan": lifespan})
)
