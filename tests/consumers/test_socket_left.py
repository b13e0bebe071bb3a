"""What becomes of a reply whose readers have left."""

import asyncio
from uuid import UUID, uuid4

import pytest

from memory_app import generation, reply
from memory_app.models import Chat, Turn
from tests.conftest import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch, settings):
    monkeypatch.setattr(reply, "LOOK", 0.02)
    settings.GUEST_REPLY_SECONDS = 1


async def begun(open_socket, player, chat):
    socket = await open_socket(player, chat)
    await socket.send("turn.send", client_turn_id=uuid4(), text="Hi", sampling={"max_tokens": 6})
    started = await socket.next()
    for _ in range(2):
        await socket.next()
    return socket, generation.get(UUID(started["turn"]))


@pytest.fixture
def guests_chat(guest, checkpoint):
    return Chat.objects.create(owner=guest.person, checkpoint=checkpoint)


async def test_a_guests_reply_is_stopped_and_keeps_what_it_has(
    open_socket, guest, guests_chat, tap
):
    tap(2)
    socket, running = await begun(open_socket, guest, guests_chat)
    await socket.leave()
    async with asyncio.timeout(PATIENCE):
        await running.task
    turn = await Turn.objects.aget()
    assert turn.status == "stopped"
    assert len(turn.reply_token_ids) == 2
    assert turn.state_sha256


@pytest.mark.parametrize("why", ["a member", "another tab", "a quick return", "no limit"])
async def test_it_goes_on(open_socket, alice, guest, guests_chat, chat, tap, settings, why):
    still = tap(2)
    player, its = (alice, chat) if why == "a member" else (guest, guests_chat)
    if why == "no limit":
        settings.GUEST_REPLY_SECONDS = 0
    socket, running = await begun(open_socket, player, its)
    other = await open_socket(player, its) if why == "another tab" else None
    if other:
        await other.send("stream.resume", turn=str(running.turn.pk), after=-1)
        await other.next()
    await socket.leave()
    if why == "a quick return":
        back = await open_socket(player, its)
        await back.send("stream.resume", turn=str(running.turn.pk), after=1)
    await asyncio.sleep(1.5)
    assert running.end is None
    assert not running._stopped
    still.open()
    async with asyncio.timeout(PATIENCE):
        await running.task
    assert running.end.status == "length"


async def test_who_waits_is_told_their_place(open_socket, alice, chat, monkeypatch):
    still = asyncio.Event()

    class Waiting:
        """A stream whose prompt waits behind three others, then behind one."""

        ahead, finish_reason = 3, "length"

        def cancel(self):
            pass

        def __aiter__(self):
            return self

        async def __anext__(self):
            await still.wait()
            raise StopAsyncIteration

    stream = Waiting()
    monkeypatch.setattr(reply.runtime.get_engine(), "submit", lambda *_, **__: stream)
    socket = await open_socket(alice, chat)
    await socket.send("turn.send", client_turn_id=uuid4(), text="Hi")
    turn = (await socket.next())["turn"]
    assert await socket.next() == {"type": "turn.queued", "turn": turn, "ahead": 3}
    stream.ahead = 1
    assert (await socket.next())["ahead"] == 1
    late = await open_socket(alice, chat)
    await late.send("stream.resume", turn=turn, after=-1)
    assert (await late.next())["ahead"] == 1
    still.set()
    assert (await socket.next())["type"] == "turn.finished"
