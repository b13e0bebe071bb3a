"""Clients leave, and hints are lost, at any moment: neither is a fault of the site."""

import asyncio
import time
from uuid import UUID, uuid4

import pytest
from channels.layers import get_channel_layer

from memory_app import channel_notices, generation
from memory_app.consumers import chat as chat_socket
from memory_app.consumers import outlet
from tests.conftest import PATIENCE

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
]


def faults(caplog):
    return [r for r in caplog.records if r.exc_info or r.levelname in {"ERROR", "CRITICAL"}]


class Gone(OSError):
    """As uvicorn's ClientDisconnected."""


@pytest.mark.parametrize("fault", [Gone(), RuntimeError("after sending 'websocket.close'")])
async def test_a_client_that_leaves_in_mid_reply_leaves_no_traceback(
    open_socket, alice, chat, tap, caplog, monkeypatch, fault
):
    loose = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, about: loose.append(about))
    still = tap(2)
    socket = await open_socket(alice, chat)
    await socket.send("turn.send", client_turn_id=uuid4(), text="Hi", sampling={"max_tokens": 6})
    turn = (await socket.next())["turn"]

    async def send(self, message):
        raise fault

    # From here on whatever is sent to this client, a close among it, fails as uvicorn's does.
    monkeypatch.setattr(chat_socket.AsyncWebsocketConsumer.__base__, "send", send)
    await socket.send_text("no JSON")
    reply = generation.get(UUID(turn))
    still.open()
    await reply.task
    await asyncio.sleep(0.05)
    assert reply.end.status == "length"
    assert faults(caplog) == []
    assert loose == []


async def test_a_slow_client_is_closed_with_1013_once(open_socket, alice, chat, monkeypatch):
    closed = []

    async def send(self, message):
        if message["type"] == "websocket.close":
            closed.append(message["code"])
        else:
            await asyncio.sleep(60)

    socket = await open_socket(alice, chat)
    monkeypatch.setattr(outlet, "SEND_TIMEOUT", 0.02)
    monkeypatch.setattr(chat_socket.AsyncWebsocketConsumer.__base__, "send", send)
    await socket.send("ping")
    await socket.send("ping")
    async with asyncio.timeout(PATIENCE):
        while not closed:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)  # for a second one, which there must not be
    assert closed == [1013]


class Broken(Exception):
    pass


async def hang(*args, **kwargs):
    await asyncio.sleep(3600)


async def fail(*args, **kwargs):
    raise Broken


LAYER = ("new_channel", "send", "receive", "group_add", "group_discard", "group_send", "flush")


@pytest.mark.parametrize("how", [hang, fail])
async def test_a_chat_works_while_the_layer_hangs_or_fails(
    open_socket, alice, chat, monkeypatch, how
):
    monkeypatch.setattr(channel_notices, "ANSWER", 0.3)
    for name in LAYER:
        monkeypatch.setattr(get_channel_layer(), name, how)
    began = time.monotonic()
    sockets = [await open_socket(alice, chat) for _ in range(3)]
    # A moment's grace each, and the rest is the machine's.
    assert time.monotonic() - began < 3 * channel_notices.GRACE + 1.5
    socket = sockets[0]
    assert (await socket.say())[-1]["status"] == "length"
    await socket.send("memory.goto", turn=None)
    assert (await socket.next())["type"] == "memory.changed"


async def test_what_the_layer_lost_is_told_by_the_next_looks(
    open_socket, alice, chat, monkeypatch, tap
):
    monkeypatch.setattr(chat_socket, "WATCH", 0.05)
    monkeypatch.setattr(get_channel_layer(), "group_send", fail)
    here, there = await open_socket(alice, chat), await open_socket(alice, chat)
    mine = await here.say()
    # A reply as short as this may have ended between two looks: then the head alone is told.
    heard = await there.next()
    assert heard["type"] in {"turn.started", "memory.changed"}
    if heard["type"] == "turn.started":
        assert (await there.until("turn.finished"))[-1] == mine[-1]
    await here.send("memory.goto", turn=None)
    await here.next()
    while heard.get("head", "") is not None:
        heard = await there.next()
    assert heard == {"type": "memory.changed", "head": None, "turns": []}
    still = tap(2)
    await here.send("turn.send", client_turn_id=uuid4(), text="Hi", sampling={"max_tokens": 6})
    assert (await there.until("turn.token"))[0]["type"] == "turn.started"
    still.open()
    await there.until("turn.finished")
    assert await there.silent()
    assert await here.until("turn.finished")


async def test_a_head_that_was_told_is_not_told_twice(open_socket, alice, chat, monkeypatch):
    monkeypatch.setattr(chat_socket, "WATCH", 0.2)
    here, there = await open_socket(alice, chat), await open_socket(alice, chat)
    await here.say()
    await there.until("turn.finished")
    await here.send("memory.goto", turn=None)
    await here.next(), await there.next()
    await asyncio.sleep(0.7)  # three looks
    assert await here.silent()
    assert await there.silent()
