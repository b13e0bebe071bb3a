"""A stored file as a download: never shown in the browser, never held in memory."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from asgiref.sync import sync_to_async
from django.http import Http404
from django.http.response import HttpResponseBase, StreamingHttpResponse

from memory_app.http import attachment_headers

PIECE = 1 << 18


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    file = await sync_to_async(_open, thread_sensitive=False)(path)
    try:
        while piece := await sync_to_async(file.read, thread_sensitive=False)(PIECE):
            yield piece
    finally:
        file.close()


def attachment(path: Path, name: str) -> HttpResponseBase:
    """The file under `name`, with a type that no browser renders."""
    if not path.is_file():
        raise Http404
    return StreamingHttpResponse(
        _pieces(path),
        content_type="application/octet-stream",
        headers={
            **attachment_headers(name),
            "Content-Length": str(path.stat().st_size),
            "Cache-Control": "no-store",
        },
    )
