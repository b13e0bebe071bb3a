"""One turn over the socket: its frames, and what is stored of it."""

from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from memory_app.core.model.replay import replay
from memory_app.core.model.state import State
from memory_app.models import Turn

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
]


async def _turn(key: str) -> Turn:
    return await Turn.objects.select_related("chat").aget(pk=key)


async def test_the_first_frame_says_where_the_chat_is(open_socket, alice, chat):
    socket = await open_socket(alice, chat, ready=False)
    assert await socket.next() == {
        "type": "chat.ready",
        "chat": str(chat.pk),
        "head": None,
        "running": None,
        "checkpoint": {
            "id": str(chat.checkpoint.pk),
            "sha256": chat.checkpoint.sha256,
            "name": "small",
            "language": "en",
            "cell": "lstm",
            "state_parts": {"h": [16], "c": [16]},
            "gate_names": ["i", "f", "o"],
        },
    }


async def test_a_reply_streams_and_is_stored_as_it_was_sent(open_socket, alice, chat, model):
    socket = await open_socket(alice, chat)
    key = uuid4()
    await socket.send(
        "turn.send", client_turn_id=key, text="Hello", sampling={"max_tokens": 9, "seed": 5}
    )
    started, *tokens, finished = await socket.until("turn.finished")
    assert started == {
        "type": "turn.started",
        "turn": started["turn"],
        "client_turn_id": str(key),
        "parent": None,
        "seed": 5,
    }
    assert [token["seq"] for token in tokens] == list(range(9))
    for token in tokens:
        assert set(token) == {"type", "turn", "seq", "text", "token_id", "logprob", "gates"}
        assert token["turn"] == started["turn"]
        assert token["logprob"] <= 0
        assert len(token["gates"]) == 2
        assert all(len(layer) == 3 and all(0 <= x <= 1 for x in layer) for layer in token["gates"])
    stored = await _turn(started["turn"])
    assert finished == {
        "type": "turn.finished",
        "turn": started["turn"],
        "client_turn_id": str(key),
        "status": "length",
        "reply_text": "".join(token["text"] for token in tokens),
        "reply_tokens": 9,
        "state_sha256": stored.state_sha256,
        "cut_by": "length",
    }
    assert stored.reply_token_ids == [token["token_id"] for token in tokens]
    assert stored.reply_text == finished["reply_text"]
    assert stored.chat.head_id == stored.pk
    assert stored.chat.running_id is None


async def test_each_state_is_the_replay_of_the_ids_from_the_state_before(
    open_socket, alice, chat, model
):
    socket = await open_socket(alice, chat)
    state = State.zeros(model.model.config)
    parent = None
    for text in ("My name is Clara.", "What is my name?", "你好 🐈"):
        started, *_, finished = await socket.say(text)
        assert started["parent"] == parent
        row = await _turn(started["turn"])
        assert row.user_text == text
        assert row.user_token_ids == model.tokenizer.encode(text)
        ids = model.tokenizer.turn_ids(row.user_token_ids, row.reply_token_ids)
        state = replay(model.model, state, ids)
        assert bytes(row.state) == state.to_bytes()
        assert finished["state_sha256"] == state.sha256()
        parent = started["turn"]


async def test_one_seed_gives_one_reply(open_socket, alice, chat):
    socket = await open_socket(alice, chat)
    texts = set()
    for _ in range(2):
        await socket.send("memory.goto", turn=None)
        await socket.until("memory.changed")
        frames = await socket.say("Tell me more", temperature=1.5, max_tokens=12, seed=99)
        texts.add(frames[-1]["reply_text"])
    assert len(texts) == 1


@pytest.mark.parametrize(
    "text", [" ", "\n a\t", "<|end|><|bot|>", "e\u0301 \u202e\u200b", "🐈" * 40]
)
async def test_text_is_kept_exactly_as_sent(open_socket, alice, chat, model, text):
    socket = await open_socket(alice, chat)
    started, *_ = await socket.say(text, max_tokens=1)
    row = await _turn(started["turn"])
    assert row.user_text == text
    assert model.tokenizer.decode(row.user_token_ids) == text
    assert not set(row.user_token_ids) & model.tokenizer.special_ids


async def test_a_text_of_4000_characters_is_taken(open_socket, alice, chat):
    socket = await open_socket(alice, chat)
    frames = await socket.say(("What is my name? " * 250)[:4000], max_tokens=1)
    assert frames[-1]["status"] == "length"


async def test_a_stopped_reply_keeps_exactly_the_tokens_that_were_sent(
    open_socket, alice, chat, tap
):
    tap(5)
    socket = await open_socket(alice, chat)
    await socket.send(
        "turn.send",
        client_turn_id=uuid4(),
        text="Go on",
        sampling={"min_tokens": 512, "max_tokens": 512},
    )
    started = await socket.next()
    tokens = [await socket.next() for _ in range(3)]
    await socket.send("turn.stop", turn=started["turn"])
    *rest, finished = await socket.until("turn.finished")
    tokens += rest
    assert finished["status"] == "stopped"
    assert len(tokens) == 5
    row = await _turn(started["turn"])
    assert row.reply_token_ids == [token["token_id"] for token in tokens]
    assert finished["reply_text"] == "".join(token["text"] for token in tokens)
    assert row.chat.head_id == row.pk


async def test_the_engine_itself_stops_in_mid_reply(open_socket, alice, chat):
    socket = await open_socket(alice, chat)
    await socket.send(
        "turn.send",
        client_turn_id=uuid4(),
        text="Go on",
        sampling={"min_tokens": 512, "max_tokens": 512},
    )
    started = await socket.next()
    await socket.send("turn.stop", turn=started["turn"])
    *tokens, finished = await socket.until("turn.finished")
    row = await _turn(started["turn"])
    assert row.reply_token_ids == [token["token_id"] for token in tokens]
    assert finished["status"] == ("stopped" if len(tokens) < 512 else "length")


async def test_stopping_a_turn_that_has_ended_tells_its_end(open_socket, alice, chat):
    socket = await open_socket(alice, chat)
    finished = (await socket.say())[-1]
    await socket.send("turn.stop", turn=finished["turn"])
    assert await socket.next() == finished


async def test_the_title_comes_from_the_first_message_that_says_something(open_socket, alice, chat):
    socket = await open_socket(alice, chat)
    await socket.say("Hello!", max_tokens=1)
    await socket.say("  My\tname is\nClara.  " + "x" * 80, max_tokens=1)
    await socket.say("Another", max_tokens=1)
    await sync_to_async(chat.refresh_from_db)()
    assert chat.title.startswith("My name is Clara. xxx")
    assert chat.title.endswith("…")
    assert len(chat.title) == 40


async def test_a_reply_goes_on_when_the_client_leaves(open_socket, alice, chat, tap):
    still = tap(2)
    socket = await open_socket(alice, chat)
    await socket.send(
        "turn.send",
        client_turn_id=uuid4(),
        text="Bye",
        sampling={"min_tokens": 60, "max_tokens": 60},
    )
    started = await socket.next()
    await socket.leave()
    still.open()
    again = await open_socket(alice, chat)
    await again.send("stream.resume", turn=started["turn"], after=-1)
    assert (await again.until("turn.finished"))[-1]["reply_tokens"] == 60


async def test_ping_is_answered(open_socket, alice, chat):
    socket = await open_socket(alice, chat)
    await socket.send("ping")
    assert await socket.next() == {"type": "pong"}


async def test_a_model_that_says_nul_is_stored_too(open_socket, alice, chat, model, monkeypatch):
    from types import SimpleNamespace

    from memory_app import runtime

    class Stream:
        finish_reason = "end"

        def __init__(self):
            self.ids = iter(model.tokenizer.encode("a\0b"))

        def __aiter__(self):
            return self

        async def __anext__(self):
            for token_id in self.ids:
                return SimpleNamespace(token_id=token_id, logprob=-1.0, gates=[[0.5] * 3] * 2)
            raise StopAsyncIteration

        def cancel(self):
            pass

    monkeypatch.setattr(runtime.get_engine(), "submit", lambda *args, **options: Stream())
    socket = await open_socket(alice, chat)
    finished = (await socket.say())[-1]
    assert (finished["status"], finished["reply_text"]) == ("complete", "a\ufffdb")
    row = await _turn(finished["turn"])
    assert row.reply_text == "a\ufffdb"
    assert model.tokenizer.decode(row.reply_token_ids) == "a\0b"


async def test_an_engine_without_room_fails_the_turn_and_the_chat_goes_on(
    open_socket, alice, chat, monkeypatch, caplog
):
    from memory_app import runtime
    from memory_app.core.engine.scheduler import EngineFull

    def full(*args, **options):
        raise EngineFull("Too many replies wait for the model.")

    socket = await open_socket(alice, chat)
    with monkeypatch.context() as patch:
        patch.setattr(runtime.get_engine(), "submit", full)
        finished = (await socket.say())[-1]
    assert (finished["status"], finished["state_sha256"]) == ("failed", None)
    assert not [record for record in caplog.records if record.exc_info]
    assert (await socket.say())[-1]["status"] == "length"
