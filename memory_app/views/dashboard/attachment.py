"""A stored file as a download: never shown in the browser, never held in memory."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from asgiref.sync import sync_to_async
from django.http import Http404
from django.http.response import HttpResponseBase, StreamingHttpResponse

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
    """The file under `name`, which is ours: letters, digits, dots and dashes.

    Sandboxed and with a type that no browser renders, should one ignore that it is an attachment.
    """
    if not path.is_file():
        raise Http404
    response = StreamingHttpResponse(_pieces(path), content_type="application/octet-stream")
    response["Content-Length"] = str(path.stat().st_size)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "no-store"
    return response
