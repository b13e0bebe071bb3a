"""A reply that was shown is kept and stored once, however long the database is away or locked."""

from uuid import uuid4

import pytest
from django.db import OperationalError

from memory_app import generation, reply, services
from memory_app.models import Chat, Turn

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fails(monkeypatch):
    """`fails(3)`: the next three commits fail; `after=True`: once they have been made."""

    def make(times, *, after=False):
        commit, left = services.turn_commit, [times]

        def turn_commit(**kwargs):
            if after:
                commit(**kwargs)
            if left[0]:
                left[0] -= 1
                raise OperationalError("database is locked")
            return commit(**kwargs)

        monkeypatch.setattr(services, "turn_commit", turn_commit)
        monkeypatch.setattr(reply, "RETRY_FIRST", 0.01)
        return left

    return make


async def test_a_reply_whose_commit_fails_is_stored_later_and_both_are_told(
    open_socket, alice, chat, fails, caplog
):
    left = fails(3)
    replays = []
    first, second = await open_socket(alice, chat), await open_socket(alice, chat)
    monkey = services.turn_replay
    services.turn_replay = lambda **kwargs: replays.append(1) or monkey(**kwargs)
    try:
        frames = await first.say("Hello")
    finally:
        services.turn_replay = monkey
    kinds = [frame["type"] for frame in frames]
    assert kinds[-2:] == ["turn.unstored", "turn.finished"]
    assert kinds.count("turn.unstored") == 1
    assert "turn.unstored" in [frame["type"] for frame in await second.until("turn.finished")]
    assert left == [0]
    assert replays == [1]
    turn = await Turn.objects.aget()
    text = "".join(frame["text"] for frame in frames if frame["type"] == "turn.token")
    assert (turn.status, turn.reply_text) == ("length", text)
    assert frames[-1]["state_sha256"] == turn.state_sha256
    assert (await Chat.objects.aget()).head_id == turn.pk
    assert [record.levelname for record in caplog.records if record.levelno > 30] == []


async def test_a_commit_whose_answer_was_lost_is_not_made_twice(open_socket, alice, chat, fails):
    fails(1, after=True)
    socket = await open_socket(alice, chat)
    frames = await socket.say("Hello")
    turn = await Turn.objects.aget()
    assert (frames[-1]["status"], turn.status) == ("length", "length")
    assert frames[-1]["reply_text"] == turn.reply_text != ""


async def test_a_socket_that_comes_while_it_waits_is_told_too(open_socket, alice, chat, fails):
    left = fails(10**6)
    socket = await open_socket(alice, chat)
    await socket.send("turn.send", client_turn_id=uuid4(), text="Hi", sampling={"max_tokens": 3})
    turn = (await socket.until("turn.unstored"))[-1]["turn"]
    late = await open_socket(alice, chat)
    await late.send("stream.resume", turn=turn, after=-1)
    assert "turn.unstored" in [(await late.next())["type"] for _ in range(4)]
    left[0] = 0
    assert (await late.until("turn.finished"))[-1]["status"] == "length"


async def test_a_process_that_ends_tries_once_more(open_socket, alice, chat, fails, monkeypatch):
    left = fails(1)
    monkeypatch.setattr(reply, "RETRY_FIRST", 60)
    socket = await open_socket(alice, chat)
    await socket.send("turn.send", client_turn_id=uuid4(), text="Hi", sampling={"max_tokens": 3})
    await socket.until("turn.unstored")
    assert left == [0]
    await generation.stop()
    assert (await Turn.objects.aget()).status == "length"
