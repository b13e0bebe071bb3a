"""Static files ahead of Django: WhiteNoise's index, served without its synchronous middleware.

An image has its files compressed at its build. Elsewhere (`make run`) text is compressed here at
its first request, and kept.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import brotli
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

_Receive = Callable[[], Awaitable[dict[str, Any]]]
_Send = Callable[[dict[str, Any]], Awaitable[None]]
_App = Callable[[dict[str, Any], _Receive, _Send], Awaitable[None]]


_COMPRESSIBLE = ("text/", "application/json", "image/svg+xml")
#: Of 1 to 11: the best one would save as much again, in fifty times the time.
_QUALITY = 5


def _none(request: HttpRequest) -> HttpResponse:
    raise AssertionError("The index is only asked for its files.")


class StaticFiles:
    """Answers GET and HEAD for files that exist; other requests go on to `app`."""

    def __init__(self, app: _App) -> None:
        self.app = app
        self.index: Any = WhiteNoiseMiddleware(_none)
        self._compressed: dict[tuple[str, str], bytes] = {}

    def _file(self, path: str) -> Any:
        if self.index.autorefresh:
            return self.index.find_file(path)
        return self.index.files.get(path)

    @staticmethod
    def _may_compress(headers: dict[str, str]) -> bool:
        kind = headers.get("content-type", "")
        return kind.startswith(_COMPRESSIBLE) and "content-encoding" not in headers

    def _compress(self, path: str, version: str, body: bytes) -> bytes:
        key = (path, version)
        if key not in self._compressed:
            self._compressed[key] = brotli.compress(body, quality=_QUALITY)
        return self._compressed[key]

    async def __call__(self, scope: dict[str, Any], receive: _Receive, send: _Send) -> None:
        static_file = None
        if scope["type"] == "http" and scope["path"].startswith(self.index.static_prefix):
            static_file = self._file(scope["path"])
        if static_file is None or scope["method"] not in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        # WhiteNoise reads the names that WSGI gives to headers.
        asked = {
            "HTTP_" + name.decode("latin-1").upper().replace("-", "_"): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        answer = static_file.get_response(scope["method"], asked)
        body = b""
        if answer.file is not None:
            with answer.file as file:
                body = file.read()
        headers = {name.lower(): str(value) for name, value in answer.headers}
        headers["x-content-type-options"] = "nosniff"
        if answer.status == HTTPStatus.OK and self._may_compress(headers):
            headers["vary"] = "Accept-Encoding"
            if "br" in asked.get("HTTP_ACCEPT_ENCODING", "") and body:
                body = self._compress(scope["path"], headers.get("etag", ""), body)
                headers |= {"content-encoding": "br", "content-length": str(len(body))}
        await send(
            {
                "type": "http.response.start",
                "status": HTTPStatus(answer.status).value,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            }
        )
        await send({"type": "http.response.body", "body": body})
