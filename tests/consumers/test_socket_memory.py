"""Changes of the memory by the socket: answered, told to other tabs, refused in a sentence."""

import time
from uuid import uuid4

import pytest

from memory_app.core.engine.core import Engine
from memory_app.models import Chat, Turn

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


async def test_forgetting_answers_with_the_new_turns_in_every_tab(open_socket, alice, chat):
    socket, other = await open_socket(alice, chat), await open_socket(alice, chat)
    turns = [(await socket.say(text))[0]["turn"] for text in ("One", "Two", "Three")]
    await other.until("turn.finished")
    await socket.send("memory.forget", client_turn_id=uuid4(), turn=turns[0])
    answer = await socket.next()
    assert answer["type"] == "memory.changed"
    assert len(answer["turns"]) == 2
    assert answer["head"] == answer["turns"][-1]
    assert (await other.until("memory.changed"))[-1] == answer
    started = (await socket.say("Four"))[0]
    assert started["parent"] == answer["head"]


async def test_setting_and_transplanting_answer_with_their_turn(open_socket, alice, chat):
    socket = await open_socket(alice, chat)
    first = (await socket.say("One"))[0]["turn"]
    second = (await socket.say("Two"))[0]["turn"]
    await socket.send("memory.set", client_turn_id=uuid4(), turn=first, scale=[["c", 0, None, 0.5]])
    edit = await socket.next()
    assert edit == {"type": "memory.changed", "head": edit["head"], "turns": [edit["head"]]}
    await socket.send(
        "memory.transplant",
        client_turn_id=uuid4(),
        turn=edit["head"],
        **{"from": second},
        what=[["c", 1, None]],
        weight=0.5,
    )
    blend = await socket.next()
    turn = await Turn.objects.aget(pk=blend["head"])
    assert (turn.kind, str(turn.parent_id)) == ("blend", edit["head"])
    await socket.send("memory.goto", turn=edit["head"])
    assert (await socket.next())["head"] == edit["head"]
    # It isn't a message: it can be neither spoken again nor edited.
    for kind, more in (("turn.regenerate", {}), ("turn.edit", {"text": "x"})):
        await socket.send(kind, client_turn_id=uuid4(), turn=edit["head"], **more)
        assert (await socket.next())["code"] == "not_found"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("memory.set", {}),
        ("memory.set", {"set": [["c", 0, 0, 1]], "scale": [["c", 0, 0, 1]]}),
        ("memory.set", {"set": "c"}),
        ("memory.set", {"set": [["c", 0, 99, 1]]}),
        ("memory.set", {"set": [["z", 0, 0, 1]]}),
        ("memory.set", {"set": [["c", 0, 0, 1e39]]}),
        ("memory.set", {"set": [["c", 0, 0, "1"]]}),
        ("memory.transplant", {"what": [["c", 0, 0]]}),
        ("memory.transplant", {"what": [["c", 0, 0]], "from": str(uuid4()), "weight": 2}),
        ("memory.transplant", {"what": [["c", 0, 0]], "from": str(uuid4()), "weight": True}),
        ("memory.transplant", {"what": [], "from": str(uuid4())}),
    ],
)
async def test_what_cannot_be_done_is_one_sentence(open_socket, alice, chat, kind, fields):
    socket = await open_socket(alice, chat)
    turn = (await socket.say("One"))[0]["turn"]
    key = str(uuid4())
    await socket.send(kind, client_turn_id=key, turn=turn, **fields)
    answer = await socket.next()
    assert (answer["type"], answer["code"], answer["client_turn_id"]) == ("error", "invalid", key)
    assert answer["detail"].endswith(".")
    assert str((await Chat.objects.aget(pk=chat.pk)).head_id) == turn


async def test_nan_and_infinity_are_refused_by_the_frame(open_socket, alice, chat):
    socket = await open_socket(alice, chat)
    turn = (await socket.say("One"))[0]["turn"]
    for number in ("NaN", "Infinity", "1e999"):
        await socket.send_text(
            f'{{"type":"memory.set","client_turn_id":"{uuid4()}","turn":"{turn}",'
            f'"set":[["c",0,0,{number}]]}}'
        )
        assert (await socket.next())["code"] == "invalid"


async def test_a_change_while_a_reply_runs_is_busy(open_socket, alice, chat, monkeypatch):
    step = Engine.step
    # The reply still runs when the last message is read.
    monkeypatch.setattr(Engine, "step", lambda engine: time.sleep(0.02) or step(engine))
    socket = await open_socket(alice, chat)
    first = (await socket.say("One"))[0]["turn"]
    await socket.send(
        "turn.send", client_turn_id=uuid4(), text="Two", sampling={"max_tokens": 500, "seed": 1}
    )
    await socket.until("turn.token")
    messages = (
        ("memory.forget", {}),
        ("memory.set", {"set": [["c", 0, 0, 1]]}),
        ("memory.transplant", {"from": first, "what": [["c", 0, None]]}),
    )
    for kind, fields in messages:
        await socket.send(kind, client_turn_id=uuid4(), turn=first, **fields)
    codes = []
    while len(codes) < len(messages):
        frame = await socket.next()
        if frame["type"] == "error":
            codes.append(frame["code"])
    assert codes == ["busy"] * 3
