"""A message sent again makes no second turn; two tabs make no two turns at once."""

import asyncio
from uuid import uuid4

import pytest

from memory_app import services
from memory_app.database_thread import in_thread
from memory_app.models import Turn

pytestmark = pytest.mark.django_db(transaction=True)
LONG = {"min_tokens": 80, "max_tokens": 80, "seed": 3}


async def test_a_message_sent_five_times_at_once_is_one_turn(open_socket, alice, chat, tap):
    still = tap(10)
    socket = await open_socket(alice, chat)
    key = uuid4()
    for _ in range(5):
        await socket.send("turn.send", client_turn_id=key, text="Hi", sampling=LONG)
    frames = [await socket.next() for _ in range(15)]
    still.open()
    frames += await socket.until("turn.finished")
    while not await socket.silent():
        frames.append(await socket.next())
    started = [frame for frame in frames if frame["type"] == "turn.started"]
    assert len(started) == 5
    assert len({frame["turn"] for frame in started}) == 1
    # However often it was asked, this socket got each token once.
    live = [frame["seq"] for frame in frames if frame["type"] == "turn.token"]
    assert live == list(range(80))
    assert await Turn.objects.acount() == 1


async def test_a_message_sent_again_from_another_socket_brings_the_whole_stream(
    open_socket, alice, chat, tap
):
    still = tap(10)
    first = await open_socket(alice, chat)
    key = uuid4()
    await first.send("turn.send", client_turn_id=key, text="Hi", sampling=LONG)
    started = await first.next()
    await first.next()
    await first.leave()
    second = await open_socket(alice, chat)
    await second.send("turn.send", client_turn_id=key, text="Hi", sampling=LONG)
    again = await second.next()
    still.open()
    *tokens, finished = await second.until("turn.finished")
    assert again == started
    assert [token["seq"] for token in tokens] == list(range(80))
    assert finished["turn"] == started["turn"]
    assert await Turn.objects.acount() == 1


async def test_a_message_sent_again_after_its_end_brings_the_end_alone(open_socket, alice, chat):
    socket = await open_socket(alice, chat)
    started, *_, finished = await socket.say("Hi")
    key = started["client_turn_id"]
    await socket.send("turn.send", client_turn_id=key, text="Hi")
    assert await socket.until("turn.finished") == [started, finished]
    assert await Turn.objects.acount() == 1


async def test_a_message_sent_again_never_restarts_an_interrupted_turn(open_socket, alice, chat):
    begun = await in_thread(services.turn_begin, chat=chat, client_turn_id=uuid4(), text="Hi")
    await in_thread(services.turn_interrupt, turn=begun.turn)
    socket = await open_socket(alice, chat)
    key = begun.turn.client_turn_id
    await socket.send("turn.send", client_turn_id=key, text="Hi")
    _started, finished = await socket.until("turn.finished")
    assert finished["status"] == "interrupted"
    assert finished["state_sha256"] is None
    assert finished["reply_tokens"] == 0
    assert await Turn.objects.acount() == 1


async def test_two_tabs_at_once_one_runs_and_the_other_is_busy(open_socket, alice, chat, tap):
    still = tap(1)
    tabs = [await open_socket(alice, chat) for _ in range(2)]
    keys = [uuid4(), uuid4()]
    await asyncio.gather(
        *(
            tab.send("turn.send", client_turn_id=key, text="Hi", sampling=LONG)
            for tab, key in zip(tabs, keys, strict=True)
        )
    )
    seen = []
    for tab in tabs:
        frames = [await tab.next() for _ in range(2)]
        seen.append(frames)
    still.open()
    for tab, frames in zip(tabs, seen, strict=True):
        while frames[-1]["type"] != "turn.finished":
            frames.append(await tab.next())
    errors = [[f for f in frames if f["type"] == "error"] for frames in seen]
    assert sorted(len(found) for found in errors) == [0, 1]
    loser = 0 if errors[0] else 1
    assert errors[loser][0]["code"] == "busy"
    assert errors[loser][0]["client_turn_id"] == str(keys[loser])
    # Both saw the stream, the whole of it and once.
    for frames in seen:
        assert [f["seq"] for f in frames if f["type"] == "turn.token"] == list(range(80))
    assert await Turn.objects.acount() == 1


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("turn.send", {"text": "More"}),
        ("turn.regenerate", {"turn": None}),
        ("turn.edit", {"turn": None, "text": "Other"}),
        ("memory.goto", {"turn": None}),
    ],
)
async def test_while_a_reply_runs_whatever_would_make_another_is_busy(
    open_socket, alice, chat, tap, kind, fields
):
    tap(3)
    socket = await open_socket(alice, chat)
    await socket.send(
        "turn.send", client_turn_id=uuid4(), text="Hi", sampling=LONG | {"max_tokens": 512}
    )
    started = await socket.next()
    if kind != "memory.goto":
        fields = {"client_turn_id": uuid4(), **fields}
        if "turn" in fields:
            fields["turn"] = started["turn"]
    await socket.send(kind, **fields)
    answer = await socket.next()
    while answer["type"] == "turn.token":
        answer = await socket.next()
    assert answer["type"] == "error"
    assert answer["code"] == "busy"
    await socket.send("turn.stop", turn=started["turn"])
    await socket.until("turn.finished")
