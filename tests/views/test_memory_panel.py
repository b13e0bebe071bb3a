"""What the memory panel is drawn from: tokens, norms and the first token's wait of one branch."""

import time
from uuid import uuid4

import pytest
import torch
from safetensors.torch import load

from memory_app import runtime, services
from memory_app.core.model.checkpoint import CheckpointError
from memory_app.models import Turn
from tests.conftest import Player, spoken_turn


@pytest.fixture
def say(chat):
    return lambda user, reply, wait=None: spoken_turn(chat, user, reply, first_token_ms=wait)


def panel(player: Player, chat, after=""):
    answer = player.client.get(f"/chat/{chat.pk}/memory.json", {"after": after} if after else {})
    assert answer.status_code == 200
    return answer.json()


def test_every_turn_of_the_branch_has_its_tokens_bytes_wait_and_norms(alice, chat, say):
    turns = [say("My name is Clara.", "Nice", 12), say("What is my name?", "Clara 你", 34)]
    found = panel(alice, chat)
    assert found["head"] == str(turns[1].pk)
    assert found["state_bytes"] == 2 * 2 * 16 * 4
    assert [row["turn"] for row in found["turns"]] == [str(turn.pk) for turn in turns]
    assert [row["first_token_ms"] for row in found["turns"]] == [12, 34]
    assert found["turns"][1]["text_bytes"] == len("What is my name?Clara 你".encode())
    seen, cells = 0, 0.0  # the blank memory
    for turn, row in zip(turns, found["turns"], strict=True):
        file = alice.client.get(f"/turn/{turn.pk}/state.safetensors").content
        state = load(file)
        for name in ("h", "c"):
            assert row["norms"][name] == pytest.approx(state[name].norm(dim=1).tolist(), abs=1e-3)
        moved = (state["c"] - cells).norm(dim=1).tolist()
        assert row["moved"] == pytest.approx(moved, abs=1e-3)
        cells = state["c"]
        assert len(row["norms"]["h"]) == 2
        trace = load(alice.client.get(f"/turn/{turn.pk}/trace.safetensors").content)
        assert row["tokens"] == len(trace["token_ids"])
        seen += row["tokens"]
    assert f'"tokens_seen":"{seen}"'.encode() in file.replace(b" ", b"")


def test_the_branch_is_the_heads_and_no_other(alice, chat, say):
    first = say("One", "a")
    say("Two", "b")
    services.head_move(chat=chat, turn=first.pk)
    other = say("Another two", "c")
    assert [row["turn"] for row in panel(alice, chat)["turns"]] == [str(first.pk), str(other.pk)]
    services.head_move(chat=chat, turn=None)
    assert panel(alice, chat) == {
        "head": None,
        "after": None,
        "state_bytes": 256,
        "reading_ms": None,
        "turns": [],
    }


def test_only_what_came_after_a_turn_is_sent_where_one_is_named(alice, chat, say):
    turns = [say(text, "a") for text in ("One", "Two", "Three")]
    rest = panel(alice, chat, str(turns[1].pk))
    assert [row["turn"] for row in rest["turns"]] == [str(turns[2].pk)]
    assert rest["after"] == str(turns[1].pk)
    assert panel(alice, chat, str(turns[2].pk))["turns"] == []
    for elsewhere in (str(uuid4()), "nonsense", "\0"):
        found = panel(alice, chat, elsewhere)
        assert len(found["turns"]) == 3
        assert found["after"] is None


def test_a_damaged_state_has_no_norms_and_the_others_have_theirs(alice, chat, say):
    turns = [say(text, "a") for text in ("One", "Two", "Three")]
    Turn.objects.filter(pk=turns[0].pk).update(state=b"x", reply_token_ids=[1])
    nan = torch.full((64,), float("nan")).numpy().tobytes()
    Turn.objects.filter(pk=turns[1].pk).update(state=nan)
    norms = [row["norms"] for row in panel(alice, chat)["turns"]]
    assert norms[:2] == [None, None]
    assert norms[2] is not None


def test_a_state_that_a_replay_restores_has_its_norms(alice, chat, say):
    turns = [say(text, "a") for text in ("One", "Two")]
    sound = panel(alice, chat)["turns"]
    # A state of the right size that isn't the committed one is damaged, too.
    zeros = bytes(len(turns[0].state))
    Turn.objects.filter(pk=turns[0].pk).update(state=zeros)
    assert panel(alice, chat)["turns"] == sound
    assert Turn.objects.get(pk=turns[0].pk).state == turns[0].state


async def test_a_reply_keeps_how_long_its_first_token_took(alice, chat, open_socket):
    socket = await open_socket(alice, chat)
    # The wait begins with the message: its row comes later, at the end of a transaction.
    sent = time.monotonic()
    frames = await socket.say("Hello")
    whole = time.monotonic() - sent
    turn = await Turn.objects.aget(pk=frames[-1]["turn"])
    assert turn.first_token_ms is not None
    assert 0 <= turn.first_token_ms <= whole * 1000 + 1


def test_what_reading_a_token_takes_is_measured_once_on_the_chats_own_model(
    alice, chat, say, monkeypatch
):
    say("One", "a", 12)
    measured = []

    def pace(runner):
        measured.append(runner.config)
        return 0.000123456

    monkeypatch.setattr(runtime, "reading_pace", pace)
    monkeypatch.setattr(runtime, "_paces", {})
    assert [panel(alice, chat)["reading_ms"] for _ in range(2)] == [0.123, 0.123]
    assert measured == [runtime.load_checkpoint_by_sha(chat.checkpoint.sha256).model.config]

    def gone(sha256):
        raise CheckpointError(sha256)

    monkeypatch.setattr(runtime, "reading_ms", gone)
    assert panel(alice, chat)["reading_ms"] is None


def test_a_strangers_memory_is_not_found(alice, bob, chat, say):
    say("One", "a")
    assert bob.client.get(f"/chat/{chat.pk}/memory.json").status_code == 404


def test_what_a_reply_took_is_from_its_first_token_to_its_commit(alice, chat, say):
    measured, imported = say("One", "a b", 12), say("Two", "c")
    whole = 1000 * (measured.finished - measured.created).total_seconds()
    first, second = panel(alice, chat)["turns"]
    assert first["reply_tokens"] == len(measured.reply_token_ids)
    assert first["spoken_ms"] == max(0, round(whole) - 12)
    # Where nobody saw the first token nothing is made up.
    assert imported.first_token_ms is None
    assert second["spoken_ms"] is None


def test_a_wait_longer_than_the_turn_is_no_negative_time(alice, chat, say):
    say("One", "a", 3_600_000)
    assert panel(alice, chat)["turns"][0]["spoken_ms"] == 0
