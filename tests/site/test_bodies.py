"""A body ends where its route says, before Django has seen a byte of it."""

import errno
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.test import Client

from chatsite.asgi_body_limit import Bodies, Handler
from memory_app.middleware import SMALL_BODY
from tests.views.dashboard.staff import files_below

pytestmark = pytest.mark.django_db(transaction=True)
MIB = 1 << 20


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    settings.UPLOAD_MAX_MB = 16
    return settings.DATA_DIR


def staff_cookie(**flags: bool) -> bytes:
    user = get_user_model().objects.create_user("dora", password="x", **flags)
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}".encode()


class Sender:
    """Sends a body in pieces of a MiB, and counts those that were asked for."""

    def __init__(self, size: int, *, declared: int | None = None, cookie: bytes = b"") -> None:
        self.pieces: Iterator[int] = iter(range(size // MIB))
        self.left, self.read = size // MIB, 0
        length = (
            [(b"transfer-encoding", b"chunked")]
            if declared is None
            else [(b"content-length", str(declared).encode())]
        )
        self.headers = [*length, (b"host", b"localhost:8000"), (b"cookie", cookie)]
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if not self.left:
            return {"type": "http.disconnect"}
        self.left -= 1
        self.read += 1
        return {"type": "http.request", "body": b"a" * MIB, "more_body": self.left > 0}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def post(self, path: str, app: Any = None) -> int:
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "headers": self.headers,
        }
        await Bodies(app or Handler())(scope, self.receive, self.send)
        return next(int(m["status"]) for m in self.sent if m["type"] == "http.response.start")


@pytest.mark.parametrize("path", ["/", "/chat/", "/admin/corpora/", "/admin/login/", "/nowhere"])
@pytest.mark.parametrize("declared", [10**10, 10**30, SMALL_BODY + 1])
async def test_a_strangers_large_body_is_refused_unread(path: str, declared: int) -> None:
    sender = Sender(10_000 * MIB, declared=declared)
    assert await sender.post(path, app=None) == 413
    assert sender.read <= 5


async def test_a_body_in_chunks_ends_at_the_cap(data_dir: Path) -> None:
    sender = Sender(10_000 * MIB)
    assert await sender.post("/admin/corpora/") == 413
    assert SMALL_BODY // MIB <= sender.read <= SMALL_BODY // MIB + 6
    assert list(files_below(data_dir)) == []


async def test_staff_send_more_to_the_route_that_takes_it_and_to_no_other() -> None:
    cookie = await sync_to_async(staff_cookie)(is_staff=True)
    taken: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        size = 0
        while True:
            message = await receive()
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        taken.append(size)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    size = 12 * MIB
    for declared in (size, None):
        sender = Sender(size, declared=declared, cookie=cookie)
        assert await sender.post("/admin/corpora/", app) == 200
        assert taken.pop() == size
    for path in ("/admin/", "/chat/"):
        assert await Sender(size, declared=size, cookie=cookie).post(path, app) == 413
    over = Sender(40 * MIB, declared=40 * MIB, cookie=cookie)
    assert await over.post("/admin/corpora/", app) == 413


@pytest.mark.parametrize("flags", [{}, {"is_staff": True, "is_active": False}])
async def test_a_member_or_one_who_left_staff_sends_no_more_than_anybody(flags: Any) -> None:
    cookie = await sync_to_async(staff_cookie)(**flags)
    sender = Sender(12 * MIB, declared=12 * MIB, cookie=cookie)
    assert await sender.post("/admin/corpora/") == 413


async def test_a_disk_that_is_nearly_full_takes_no_upload(monkeypatch) -> None:
    cookie = await sync_to_async(staff_cookie)(is_staff=True)
    free = type("Usage", (), {"free": 513 * MIB})
    monkeypatch.setattr("shutil.disk_usage", lambda path: free)
    sender = Sender(12 * MIB, declared=12 * MIB, cookie=cookie)
    assert await sender.post("/admin/corpora/") == 413


class _NoRoom(tempfile.SpooledTemporaryFile):  # type: ignore[type-arg]
    """On a full disk: what fits into memory is taken, and no more."""

    def rollover(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ([], "The server’s disk is full"),
        ([(b"accept-language", b"zh-CN")], "服务器的磁盘已满"),
        ([(b"accept", b"application/json")], '"code": "unavailable"'),
    ],
)
async def test_a_body_for_which_the_disk_has_no_room_is_answered_by_a_sentence(
    monkeypatch: pytest.MonkeyPatch, headers: list[tuple[bytes, bytes]], told: str
) -> None:
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", _NoRoom)
    sender = Sender(4 * MIB, declared=4 * MIB)
    sender.headers += headers
    assert await sender.post("/chat/") == 503
    body = b"".join(m.get("body", b"") for m in sender.sent if m["type"] == "http.response.body")
    assert told in body.decode()
    assert sender.read <= 4


async def test_another_fault_of_the_disk_is_no_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: _NoRoom) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(_NoRoom, "rollover", broken)
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", _NoRoom)
    with pytest.raises(OSError, match="Input/output error"):
        await Sender(4 * MIB, declared=4 * MIB).post("/chat/")
