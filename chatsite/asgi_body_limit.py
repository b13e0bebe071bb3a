"""Bounds on request bodies, before Django stores a byte of them.

Django's ASGI handler writes a body whole, however large, to a temporary file before any of its
code checks the sender. So this comes first: a small bound for all requests, a larger one where a
route takes uploads and the user is staff (memory_app/middleware.py), by the declared length and by
the bytes that arrive.
"""

import tempfile
from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.utils import translation

from memory_app import outages
from memory_app.middleware import SMALL_BODY, body_limit
from memory_app.upload_handler import folder
from memory_app.views.errors import server_error

Message = Mapping[str, Any]
_Receive = Callable[[], Awaitable[Message]]
_Send = Callable[[Message], Awaitable[None]]
_App = Callable[[dict[str, Any], _Receive, _Send], Awaitable[None]]

#: Bytes still read after a refusal, so that a sender in mid-request reads the answer.
LINGER = 4 << 20


class Handler(ASGIHandler):
    """Django's handler, whose bodies are stored below DATA_DIR and nowhere else."""

    async def read_body(self, receive: _Receive) -> Any:
        # Nameless on disk: nothing of it is left if this process dies.
        body = tempfile.SpooledTemporaryFile(  # noqa: SIM115  (closed by the request)
            max_size=int(settings.FILE_UPLOAD_MAX_MEMORY_SIZE), mode="w+b", dir=str(folder())
        )
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                body.close()
                raise RequestAborted
            try:
                body.write(message.get("body", b""))
            except OSError:
                body.close()
                raise
            if not message.get("more_body", False):
                break
        body.seek(0)
        return body


def _declared(scope: dict[str, Any]) -> int | None:
    """The length that the request declares; None for a chunked body, which declares none."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"").strip()
    if length.isdigit() and len(length) < 20:
        return int(length)
    if length:
        return 1 << 62
    return None if b"transfer-encoding" in headers else 0


class Bodies:
    """Answers 413 for a body that is larger than its route takes, 503 for one without room."""

    def __init__(self, app: _App) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = _declared(scope)
        limit = SMALL_BODY
        if declared is None or declared > SMALL_BODY:
            limit = await body_limit(scope, declared)
        if declared is not None and declared > limit:
            await _refuse(receive, send, limit)
            return
        seen, answered, over = 0, False, False

        async def counted() -> Message:
            nonlocal seen, over
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > limit:
                    # Django treats it as a client that left, and deletes what it has stored.
                    over = True
                    return {"type": "http.disconnect"}
            return message

        async def noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.app(scope, counted, noted)
        except OSError as fault:
            if answered or outages.sentence(fault) is None:
                raise
            await _say_outage(scope, receive, send)
        if over and not answered:
            await _refuse(receive, send, limit)


async def _refuse(receive: _Receive, send: _Send, limit: int) -> None:
    text = f"The request is too large: at most {limit >> 20} MiB are taken here.\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await _answer(receive, send, 413, headers, text)


async def _say_outage(scope: dict[str, Any], receive: _Receive, send: _Send) -> None:
    """The pages' answer when the exception being handled is due to a full disk."""
    request = ASGIRequest(scope, BytesIO())
    with translation.override(translation.get_language_from_request(request)):
        response = server_error(request)
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in response.items()
    ]
    headers += [
        (b"content-security-policy", b"default-src 'self'"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await _answer(receive, send, response.status_code, headers, response.content)


async def _answer(
    receive: _Receive,
    send: _Send,
    status: int,
    headers: list[tuple[bytes, bytes]],
    text: bytes,
) -> None:
    """Answer before the body was read, and read a little of it, so that its sender looks."""
    headers = [
        *headers,
        (b"content-length", str(len(text)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text, "more_body": True})
    left = LINGER
    while left > 0:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body"):
            break
        left -= len(message.get("body", b"")) or 1
    await send({"type": "http.response.body", "body": b""})
