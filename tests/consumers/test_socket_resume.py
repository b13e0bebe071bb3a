"""Reloads, several tabs and slow ones: every token once, in order."""

import asyncio
from uuid import uuid4

import pytest

from memory_app import services
from memory_app.consumers.outlet import Outlet
from memory_app.database_thread import in_thread

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
]
LONG = {"min_tokens": 120, "max_tokens": 120, "seed": 4}


async def _begin(socket, **sampling):
    await socket.send("turn.send", client_turn_id=uuid4(), text="Hi", sampling={**LONG, **sampling})
    return (await socket.next())["turn"]


@pytest.mark.parametrize("after", [-1, 0, 3, 20])
async def test_a_reload_gets_the_missing_tokens_and_then_the_live_ones(
    open_socket, alice, chat, tap, after
):
    still = tap(30)
    first = await open_socket(alice, chat)
    turn = await _begin(first)
    seen = [await first.next() for _ in range(after + 1)]
    await first.leave()
    second = await open_socket(alice, chat, ready=False)
    assert (await second.next())["running"] == turn
    await second.send("stream.resume", turn=turn, after=after)
    missing = [await second.next() for _ in range(29 - after)]
    assert await second.silent()
    still.open()
    *rest, finished = await second.until("turn.finished")
    frames = seen + missing + rest
    assert [frame["seq"] for frame in frames] == list(range(120))
    assert "".join(frame["text"] for frame in frames) == finished["reply_text"]


async def test_resuming_on_the_socket_that_listens_repeats_nothing(open_socket, alice, chat, tap):
    still = tap(30)
    socket = await open_socket(alice, chat)
    turn = await _begin(socket)
    seen = [await socket.next() for _ in range(5)]
    await socket.send("stream.resume", turn=turn, after=seen[-1]["seq"])
    still.open()
    *rest, _finished = await socket.until("turn.finished")
    assert [frame["seq"] for frame in seen + rest] == list(range(120))


async def test_resuming_a_turn_that_has_ended_brings_its_end_alone(open_socket, alice, chat):
    socket = await open_socket(alice, chat)
    finished = (await socket.say())[-1]
    await socket.send("stream.resume", turn=finished["turn"], after=-1)
    assert await socket.next() == finished
    assert await socket.silent()


async def test_resuming_from_the_start_repeats_the_whole_stream(open_socket, alice, chat, tap):
    still = tap(5)
    socket = await open_socket(alice, chat)
    turn = await _begin(socket)
    assert [(await socket.next())["seq"] for _ in range(5)] == list(range(5))
    await socket.send("stream.resume", turn=turn, after=-1)
    assert [(await socket.next())["seq"] for _ in range(5)] == list(range(5))
    still.open()
    *rest, _finished = await socket.until("turn.finished")
    assert [frame["seq"] for frame in rest] == list(range(5, 120))


async def test_every_tab_that_is_open_gets_the_same_stream(open_socket, alice, chat):
    tabs = [await open_socket(alice, chat) for _ in range(3)]
    await tabs[1].send("turn.send", client_turn_id=uuid4(), text="Hi", sampling=LONG)
    streams = [await tab.until("turn.finished") for tab in tabs]
    assert streams[0] == streams[1] == streams[2]
    assert [f["seq"] for f in streams[0] if f["type"] == "turn.token"] == list(range(120))
    for tab in tabs:
        assert await tab.silent()


async def test_a_tab_that_opens_during_a_turn_hears_of_its_end_without_asking(
    open_socket, alice, chat, tap
):
    still = tap(1)
    first = await open_socket(alice, chat)
    await _begin(first)
    second = await open_socket(alice, chat)
    still.open()
    finished = (await first.until("turn.finished"))[-1]
    assert await second.next() == finished
    assert await second.silent()


async def test_a_tab_that_never_reads_delays_nobody(open_socket, alice, chat, monkeypatch):
    stuck = await open_socket(alice, chat)
    reading = await open_socket(alice, chat)
    send_frame = Outlet.send
    blocked, taken = asyncio.Event(), asyncio.Event()
    victims = []

    async def send(self, frame):
        if "turn.token" in frame and (not victims or self is victims[0]):
            victims.append(self)
            taken.set()
            await blocked.wait()
        await send_frame(self, frame)

    monkeypatch.setattr(Outlet, "send", send)
    await stuck.send("turn.send", client_turn_id=uuid4(), text="Hi", sampling=LONG)
    sockets = {True: stuck, False: reading}
    for socket in sockets.values():  # either may be the one that stands still
        assert (await socket.next())["type"] == "turn.started"
    await asyncio.wait_for(taken.wait(), 60)
    # The first to be sent a token stands still; the other gets all of its own.
    free = [socket for socket in sockets.values() if not await socket.silent()]
    assert len(free) == 1
    frames = await free[0].until("turn.finished")
    assert [f["seq"] for f in frames if f["type"] == "turn.token"] == list(range(120))
    blocked.set()
    late = next(socket for socket in sockets.values() if socket is not free[0])
    frames = await late.until("turn.finished")
    assert [f["seq"] for f in frames if f["type"] == "turn.token"] == list(range(120))


async def test_a_turn_that_another_process_speaks_is_waited_for(open_socket, alice, chat):
    """No Reply lives here: the row is asked until it has ended."""
    begun = await in_thread(services.turn_begin, chat=chat, client_turn_id=uuid4(), text="Hi")
    socket = await open_socket(alice, chat)
    await socket.send("stream.resume", turn=begun.turn.pk, after=-1)
    assert await socket.silent()
    ids = begun.model.tokenizer.encode("Hello")
    await in_thread(
        services.turn_commit,
        turn=begun.turn,
        model=begun.model,
        before=begun.before,
        reply_ids=ids,
        reply_text="Hello",
        status="complete",
    )
    finished = await socket.next()
    assert finished["status"] == "complete"
    assert finished["reply_text"] == "Hello"
    assert finished["reply_tokens"] == len(ids)


async def test_a_stop_reaches_a_turn_of_another_process_by_its_row(open_socket, alice, chat):
    begun = await in_thread(services.turn_begin, chat=chat, client_turn_id=uuid4(), text="Hi")
    socket = await open_socket(alice, chat)
    await socket.send("turn.stop", turn=begun.turn.pk)
    await socket.send("ping")
    assert (await socket.next())["type"] == "pong"
    stopped = await in_thread(services.turns_pulse, running={begun.turn.pk})
    assert stopped == {begun.turn.pk}
