"""Sixteen people write at once: nobody is starved, and no memory takes anything from another's."""

import asyncio
import itertools
import time
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from memory_app.core.engine.core import Engine
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State
from memory_app.models import Chat, Turn

LENGTH = 60


async def speak(socket, text: str, clock: itertools.count) -> tuple[list[dict], list[int]]:
    """One reply of LENGTH tokens: its frames, and when each token came.

    The clock ticks once a token of anybody's, so a busy machine changes nothing.
    """
    sampling = {"min_tokens": LENGTH, "max_tokens": LENGTH}
    await socket.send("turn.send", client_turn_id=uuid4(), text=text, sampling=sampling)
    frames, times = [], []
    while not frames or frames[-1]["type"] != "turn.finished":
        frames.append(await socket.next())
        if frames[-1]["type"] == "turn.token":
            times.append(next(clock))
    return frames, times


@pytest.fixture
def unhurried(monkeypatch) -> None:
    """Steps so slow that the last of the sixteen begins before the first has ended."""
    step = Engine.step

    def step_slowly(engine):
        time.sleep(0.03)
        return step(engine)

    monkeypatch.setattr(Engine, "step", step_slowly)


@pytest.mark.django_db(transaction=True)
async def test_all_finish_evenly_and_each_state_equals_its_replay(
    open_socket, alice, chat, checkpoint, model, unhurried
) -> None:
    chats = [
        await Chat.objects.acreate(owner=alice.person, checkpoint=checkpoint) for _ in range(16)
    ]
    sockets = [await open_socket(alice, one) for one in chats]
    clock = itertools.count()
    spoken = await asyncio.gather(
        *(speak(socket, f"I am number {n}. " * (n + 1), clock) for n, socket in enumerate(sockets))
    )
    # How many tokens each got while all of them were being spoken.
    first, last = max(times[0] for _, times in spoken), min(times[-1] for _, times in spoken)
    shares = [sum(first <= tick <= last for tick in times) for _, times in spoken]
    assert min(shares) > 5, "all sixteen were to be spoken at once for a while"
    assert max(shares) <= 3 * min(shares)
    blank = State.zeros(model.model.config)
    for one, (frames, times) in zip(chats, spoken, strict=True):
        assert len(times) == LENGTH
        turn = await sync_to_async(Turn.objects.get)(chat=one)
        ids = [frame["token_id"] for frame in frames if frame["type"] == "turn.token"]
        assert turn.reply_token_ids == ids
        after = replay(model.model, blank, model.tokenizer.turn_ids(turn.user_token_ids, ids))
        assert bytes(turn.state) == after.to_bytes()
        assert frames[-1]["state_sha256"] == after.sha256()
    assert len({frames[-1]["state_sha256"] for frames, _ in spoken}) == 16
