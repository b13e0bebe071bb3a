"""The socket behind the server that the site runs on: closing codes, backpressure, a real stop."""

import asyncio
import json
import socket as sockets
import threading
from uuid import uuid4

import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from memory_app.management.process.server import configuration
from memory_app.models import Turn
from tests.conftest import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


class Site:
    def __init__(self, port: int, player, chat) -> None:
        self.port, self.player, self.chat = port, player, chat

    def open(self, *, origin: str | None = "site", **more):
        headers = {"Cookie": f"sessionid={self.player.cookie}"}
        if origin is not None:
            headers["Origin"] = f"http://localhost:{self.port}" if origin == "site" else origin
        url = f"ws://127.0.0.1:{self.port}/ws/chat/{self.chat.pk}/"
        return connect(url, additional_headers=headers, proxy=None, max_size=None, **more)


@pytest.fixture
def site(alice, chat, settings):
    listener = sockets.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    settings.SITE_ORIGINS = [f"http://localhost:{port}"]
    config = configuration()
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield Site(port, alice, chat)
    server.should_exit = True
    thread.join(PATIENCE)
    listener.close()
    assert not thread.is_alive()


async def frame(socket) -> dict:
    return json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))


async def closing_code(socket) -> int:
    try:
        while True:
            await asyncio.wait_for(socket.recv(), PATIENCE)
    except ConnectionClosed as closed:
        return closed.code


async def test_frames_that_break_the_protocol_close_with_its_codes(site):
    async with site.open() as socket:
        assert (await frame(socket))["type"] == "chat.ready"
        await socket.send("x" * (1024 * 1024 + 1))
        assert await closing_code(socket) == 1009
    async with site.open() as socket:
        await frame(socket)
        await socket.send(b'{"type":"\xff\xfe"}', text=True)
        assert await closing_code(socket) == 1007
    async with site.open() as socket:
        await frame(socket)
        for size in (65_537, 1_000_000):
            await socket.send("x" * size)
            assert (await frame(socket))["code"] == "too_long"
        await socket.send(b"\xff\xfe")
        assert (await frame(socket))["code"] == "invalid"
        fragments = iter(['{"type":', '"pi', 'ng"}'])
        await socket.send(fragments)
        assert await frame(socket) == {"type": "pong"}


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null"])
async def test_another_origin_is_refused_at_the_handshake(site, origin):
    with pytest.raises(InvalidStatus) as refused:
        async with site.open(origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_a_turn_streams_and_stops_over_the_wire(site):
    async with site.open() as socket:
        await frame(socket)
        await socket.send(
            json.dumps(
                {
                    "type": "turn.send",
                    "client_turn_id": str(uuid4()),
                    "text": "Hi",
                    "sampling": {"min_tokens": 512, "max_tokens": 512},
                }
            )
        )
        started = await frame(socket)
        await socket.send(json.dumps({"type": "turn.stop", "turn": started["turn"]}))
        texts, answer = [], await frame(socket)
        while answer["type"] == "turn.token":
            texts.append(answer["text"])
            answer = await frame(socket)
    assert answer["type"] == "turn.finished"
    assert answer["reply_text"] == "".join(texts)
    row = await Turn.objects.aget(pk=started["turn"])
    assert len(row.reply_token_ids) == len(texts) == answer["reply_tokens"]


async def test_sixteen_chats_at_once_all_finish_with_their_own_replay(site, checkpoint):
    from asgiref.sync import sync_to_async

    from memory_app import services
    from memory_app.models import Chat

    async def talk(index: int) -> str:
        chat = await Chat.objects.acreate(owner=site.player.person, checkpoint=checkpoint)
        async with Site(site.port, site.player, chat).open() as socket:
            await frame(socket)
            await socket.send(
                json.dumps(
                    {
                        "type": "turn.send",
                        "client_turn_id": str(uuid4()),
                        "text": f"I am number {index}",
                        "sampling": {"min_tokens": 60, "max_tokens": 60},
                    }
                )
            )
            answer = await frame(socket)
            while answer["type"] != "turn.finished":
                answer = await frame(socket)
        assert answer["reply_tokens"] == 60
        return answer["turn"]

    turns = await asyncio.gather(*(talk(index) for index in range(16)))
    assert len(set(turns)) == 16
    model = await sync_to_async(services.chat_model)(sha256=checkpoint.sha256)
    for key in turns:
        row = await Turn.objects.aget(pk=key)
        before = services.state_after(turn=None, checkpoint=checkpoint)
        after = services.turn_replay(
            turn=row, before=before, reply_ids=row.reply_token_ids, model=model
        )
        assert after.sha256() == row.state_sha256
