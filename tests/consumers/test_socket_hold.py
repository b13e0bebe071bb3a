"""Gates held while a turn is fed and spoken, from the message to the file and back."""

import json
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from memory_app.core.cells.hold import parse_hold
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State
from memory_app.database_thread import in_thread
from memory_app.models import Chat, Turn
from memory_app.services.chat.verify import turns_verify

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
HOLD = {"freeze": [["f", 0, None, 1], ["i", 1, 3, 0.25]], "forget_bias": 1}
SAMPLING = {"max_tokens": 8, "seed": 3}


async def spoken(socket, kind="turn.send", **fields):
    await socket.send(kind, client_turn_id=uuid4(), sampling=SAMPLING, **fields)
    started, *_, finished = await socket.until("turn.finished")
    assert finished["status"] == "length"
    return await Turn.objects.select_related("parent").aget(pk=started["turn"])


async def test_the_state_is_the_replay_with_the_gates_held(open_socket, alice, bob, chat, model):
    socket = await open_socket(alice, chat)
    held = await spoken(socket, text="One", hold=HOLD)
    config = model.model.config
    hold = parse_hold(HOLD, config.kind, config)
    assert held.hold == hold.to_dict()
    ids = model.tokenizer.turn_ids(held.user_token_ids, held.reply_token_ids)
    expected = replay(model.model, State.zeros(config), ids, hold)
    assert held.state_sha256 == expected.sha256()
    # The same seed and hold: the same reply. Another without: its own.
    again = await spoken(socket, "turn.regenerate", turn=held.pk, hold=HOLD)
    assert (again.reply_token_ids, again.state_sha256) == (held.reply_token_ids, held.state_sha256)
    plain = await spoken(socket, "turn.regenerate", turn=held.pk)
    assert plain.hold is None
    assert plain.state_sha256 != held.state_sha256
    edited = await spoken(socket, "turn.edit", turn=held.pk, text="Two", hold=HOLD)
    assert edited.hold == held.hold
    await in_thread(_look, alice, bob, chat, held)


def _look(alice, bob, chat, held):
    tokens = alice.client.get(f"/turn/{held.pk}/gates.json").json()["tokens"]
    assert {token["gates"][0][1] for token in tokens} == {1.0}
    document = alice.client.get(f"/chat/{chat.pk}/export.json").json()
    assert document["turns"][0]["hold"] == held.hold
    assert [verdict.reason for verdict in turns_verify()] == [""] * 4
    file = SimpleUploadedFile("chat.json", json.dumps(document).encode())
    assert bob.client.post("/chats/import/", {"file": file}).status_code == 302
    first = Chat.objects.get(owner=bob.person).turns.oldest_first().first()
    assert (first.hold, first.state_sha256) == (held.hold, held.state_sha256)
    for forged in ([], "f", {"freeze": [["f", 9, None, 1]]}, {"forget_bias": 1e9}):
        document["turns"][0]["hold"] = forged
        file = SimpleUploadedFile("chat.json", json.dumps(document).encode())
        assert bob.client.post("/chats/import/", {"file": file}).status_code == 400, forged


@pytest.mark.parametrize(
    "hold",
    [
        "f", [], {"freeze": 1}, {"freeze": [["f", 0, 16, 1]]}, {"freeze": [["f", 0, None, 2]]},
        {"forget_bias": "1"}, {"forget_bias": 1e999}, {"other": 1},
    ],
)  # fmt: skip
async def test_what_cannot_be_held_is_one_sentence(open_socket, alice, chat, hold):
    socket = await open_socket(alice, chat)
    key = str(uuid4())
    await socket.send("turn.send", client_turn_id=key, text="One", hold=hold)
    answer = await socket.next()
    assert (answer["type"], answer["code"]) == ("error", "invalid")
    assert answer["detail"].endswith(".")
    assert not await Turn.objects.aexists()
    await socket.send("turn.send", client_turn_id=key, text="One", hold=None, sampling=SAMPLING)
    assert (await socket.until("turn.finished"))[-1]["status"] == "length"
