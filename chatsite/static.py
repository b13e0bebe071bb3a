"""Static files ahead of Django: WhiteNoise's index, served without its synchronous middleware."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

_Receive = Callable[[], Awaitable[dict[str, Any]]]
_Send = Callable[[dict[str, Any]], Awaitable[None]]
_App = Callable[[dict[str, Any], _Receive, _Send], Awaitable[None]]


def _none(request: HttpRequest) -> HttpResponse:
    raise AssertionError("The index is only asked for its files.")


class StaticFiles:
    """Answers GET and HEAD for the files that exist; everything else goes on to `app`."""

    def __init__(self, app: _App) -> None:
        self.app = app
        self.index: Any = WhiteNoiseMiddleware(_none)

    def _file(self, path: str) -> Any:
        if self.index.autorefresh:
            return self.index.find_file(path)
        return self.index.files.get(path)

    async def __call__(self, scope: dict[str, Any], receive: _Receive, send: _Send) -> None:
        found = None
        if scope["type"] == "http" and scope["path"].startswith(self.index.static_prefix):
            found = self._file(scope["path"])
        if found is None or scope["method"] not in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        # WhiteNoise reads the names that WSGI gives to headers.
        asked = {
            "HTTP_" + name.decode("latin-1").upper().replace("-", "_"): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        answer = found.get_response(scope["method"], asked)
        headers = [(name.lower().encode(), str(value).encode()) for name, value in answer.headers]
        headers.append((b"x-content-type-options", b"nosniff"))
        await send(
            {
                "type": "http.response.start",
                "status": HTTPStatus(answer.status).value,
                "headers": headers,
            }
        )
        body = b""
        if answer.file is not None:
            with answer.file as file:
                body = file.read()
        await send({"type": "http.response.body", "body": body})
