"""A reply's events, the same for every listener without a socket, and their bytes on the wire."""

import asyncio
from uuid import UUID, uuid4

import pytest

from memory_app import generation, services
from memory_app.database_thread import in_thread
from memory_app.models import Turn
from memory_app.protocol import encode, error_of, message_of
from memory_app.refusal import Refused
from memory_app.reply_events import (
    MemoryChanged,
    ReplyFinished,
    ReplyStarted,
    ReplyToken,
    ReplyUnstored,
)

ONE, TWO = UUID(int=1), UUID(int=2)
FIRST, SECOND = str(ONE), str(TWO)


@pytest.mark.django_db(transaction=True)
async def test_two_listeners_get_each_token_and_then_the_end(chat):
    sampling = {"max_tokens": 5, "seed": 3}
    begun = await in_thread(
        services.turn_begin, chat=chat, client_turn_id=uuid4(), text="Hi", sampling=sampling
    )
    reply = await generation.generate(begun)

    async def listen(after: int) -> list:
        return [event async for event in reply.follow(after)]

    try:
        whole, rest = await asyncio.gather(listen(-1), listen(1))
    finally:
        await generation.stop()
    *tokens, end = whole
    assert rest == whole[2:]
    assert [type(token) for token in tokens] == [ReplyToken] * len(tokens)
    assert [token.seq for token in tokens] == list(range(len(tokens)))
    turn = await Turn.objects.aget()
    assert end == ReplyFinished.of(turn)
    assert [token.token_id for token in tokens] == turn.reply_token_ids
    assert "".join(token.text for token in tokens) == turn.reply_text
    assert [event async for event in reply.follow()] == whole


def test_each_event_has_its_bytes_on_the_wire():
    events = {
        ReplyStarted(ONE, TWO, None, 7): f'{{"type":"turn.started","turn":"{FIRST}",'
        f'"client_turn_id":"{SECOND}","parent":null,"seed":7}}',
        ReplyUnstored(ONE): f'{{"type":"turn.unstored","turn":"{FIRST}"}}',
        ReplyFinished(ONE, TWO, "length", "né", 2, None, "loop"): '{"type":"turn.finished",'
        f'"turn":"{FIRST}","client_turn_id":"{SECOND}","status":"length","reply_text":"né",'
        '"reply_tokens":2,"state_sha256":null,"cut_by":"loop"}',
        MemoryChanged(ONE): f'{{"type":"memory.changed","head":"{FIRST}","turns":[]}}',
        MemoryChanged(None): '{"type":"memory.changed","head":null,"turns":[]}',
    }
    assert {event: encode(message_of(event)) for event in events} == events
    token = ReplyToken(ONE, 3, " é", 12, -0.5, [[0.25, 0.5, 1.0]])
    assert encode(message_of(token)) == (
        f'{{"type":"turn.token","turn":"{FIRST}","seq":3,"text":" é","token_id":12,'
        '"logprob":-0.5,"gates":[[0.25,0.5,1.0]]}'
    )


def test_a_refusal_has_its_bytes_on_the_wire():
    assert encode(error_of(Refused("busy", "Wait."))) == (
        '{"type":"error","code":"busy","detail":"Wait."}'
    )
    assert encode(error_of(Refused("busy", "Wait.", TWO))) == (
        f'{{"type":"error","code":"busy","detail":"Wait.","client_turn_id":"{SECOND}"}}'
    )
