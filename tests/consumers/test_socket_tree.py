"""Siblings and the head: regenerate, edit, undo, redo."""

from uuid import uuid4

import pytest

from memory_app.core.model.replay import replay
from memory_app.core.model.state import State
from memory_app.database_thread import in_thread
from memory_app.models import Turn

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
]


async def _turn(key):
    return await Turn.objects.select_related("chat").aget(pk=key)


async def test_regenerate_makes_a_sibling_of_the_same_ids_from_the_same_state(
    open_socket, alice, chat, model
):
    socket = await open_socket(alice, chat)
    first = (await socket.say("One"))[0]
    second = (await socket.say("Two", seed=1, temperature=1.5))[0]
    await socket.send(
        "turn.regenerate",
        client_turn_id=uuid4(),
        turn=second["turn"],
        sampling={"seed": 2, "temperature": 1.5, "max_tokens": 7},
    )
    started, *tokens, finished = await socket.until("turn.finished")
    assert started["parent"] == first["turn"]
    assert finished["reply_tokens"] == len(tokens) == 7
    old, new = await _turn(second["turn"]), await _turn(started["turn"])
    assert new.user_token_ids == old.user_token_ids
    assert new.user_text == "Two"
    assert new.chat.head_id == new.pk
    parent = await _turn(first["turn"])
    config = model.model.config
    before = State.from_bytes(parent.state, config)
    ids = model.tokenizer.turn_ids(new.user_token_ids, new.reply_token_ids)
    assert new.state_sha256 == replay(model.model, before, ids).sha256()


async def test_an_interrupted_turn_may_be_regenerated_and_is_no_parent(open_socket, alice, chat):

    from memory_app import services

    socket = await open_socket(alice, chat)
    first = (await socket.say("One"))[0]
    begun = await in_thread(services.turn_begin, chat=chat, client_turn_id=uuid4(), text="Two")
    await in_thread(services.turn_interrupt, turn=begun.turn)
    await socket.send("memory.goto", turn=begun.turn.pk)
    refused = await socket.next()
    assert (refused["type"], refused["code"]) == ("error", "invalid")
    await socket.send(
        "turn.regenerate",
        client_turn_id=uuid4(),
        turn=begun.turn.pk,
        sampling={"max_tokens": 3, "min_tokens": 3},
    )
    started, *_, finished = await socket.until("turn.finished")
    assert started["parent"] == first["turn"]
    assert finished["status"] == "length"
    assert (await _turn(started["turn"])).user_text == "Two"
    after = (await socket.say("Three"))[0]
    assert after["parent"] == started["turn"]


async def test_edit_makes_a_sibling_of_another_text(open_socket, alice, chat):
    socket = await open_socket(alice, chat)
    first = (await socket.say("One"))[0]
    second = (await socket.say("Two"))[0]
    key = uuid4()
    await socket.send(
        "turn.edit",
        client_turn_id=key,
        turn=second["turn"],
        text="Zwei",
        sampling={"max_tokens": 2},
    )
    started, *_ = await socket.until("turn.finished")
    assert started["parent"] == first["turn"]
    assert started["client_turn_id"] == str(key)
    assert (await _turn(started["turn"])).user_text == "Zwei"
    # The first message's sibling begins with the blank memory, as it did.
    await socket.send(
        "turn.edit", client_turn_id=uuid4(), turn=first["turn"], text="Eins", sampling=None
    )
    root, *_ = await socket.until("turn.finished")
    assert root["parent"] is None


async def test_the_head_moves_to_any_committed_turn_and_to_the_blank_memory(
    open_socket, alice, chat
):
    socket, other = await open_socket(alice, chat), await open_socket(alice, chat)
    first = (await socket.say("One"))[0]["turn"]
    second = (await socket.say("Two"))[0]["turn"]
    for head, parent in ((first, first), (second, second), (None, None)):
        await socket.send("memory.goto", turn=head)
        assert await socket.next() == {"type": "memory.changed", "head": head, "turns": []}
        frames = await other.until("memory.changed")
        assert frames[-1]["head"] == head
        started = (await socket.say("Next"))[0]
        assert started["parent"] == parent


@pytest.mark.parametrize("kind", ["turn.regenerate", "turn.edit", "memory.goto", "turn.stop"])
async def test_a_turn_of_another_chat_and_no_turn_at_all_are_the_same(
    open_socket, alice, bob, chat, checkpoint, kind
):
    from memory_app.models import Chat

    theirs = await Chat.objects.acreate(owner=bob.person, checkpoint=checkpoint)
    foreign = (await (await open_socket(bob, theirs)).say("Mine"))[0]["turn"]
    socket = await open_socket(alice, chat)
    key = str(uuid4())
    fields = {"client_turn_id": key, "text": "x"} if kind.startswith("turn.") else {}
    answers = []
    for turn in (foreign, uuid4()):
        await socket.send(kind, turn=turn, **fields)
        answers.append(await socket.next())
    assert answers[0] == answers[1]
    assert answers[0]["code"] == "not_found"


async def test_a_blank_keeps_the_old_head_in_mind_unless_told_otherwise(open_socket, alice, chat):
    socket = await open_socket(alice, chat)
    first = (await socket.say("One"))[0]["turn"]
    for keep, blanked in ((None, first), (True, first), (False, None)):
        await socket.send("memory.goto", turn=first)
        await socket.until("memory.changed")
        await socket.send("memory.goto", turn=None, **({} if keep is None else {"keep": keep}))
        await socket.until("memory.changed")
        await chat.arefresh_from_db()
        assert (chat.head_id, str(chat.blanked_id)) == (None, str(blanked)), keep
    await socket.send("memory.goto", turn=None, keep="yes")
    assert (await socket.next())["code"] == "invalid"
