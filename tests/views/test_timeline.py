"""The timeline of a chat: its numbers are those of the stored states, for its owner, bounded."""

import pytest
import torch

from memory_app import services
from memory_app.models import Chat, Turn
from tests.conftest import spoken_turn


@pytest.fixture
def turns(chat):
    words = [("My name is Clara.", "Hello Clara."), ("I live in Oslo.", "Oslo is nice."),
             ("No, I live in Rome.", "Rome it is.")]  # fmt: skip
    return [spoken_turn(Chat.objects.get(pk=chat.pk), *pair) for pair in words]


def timeline(player, chat, query=""):
    answer = player.client.get(f"/chat/{chat.pk}/timeline.json{query}")
    assert answer.status_code == 200
    return answer.json()


def cell(turn):
    config = turn.chat.checkpoint.model_config
    return services.state_stored(turn=turn, config=config).part("c")[:, 0].double()


def test_rows_are_the_blank_memory_and_the_states_of_the_branch(alice, chat, turns):
    found = timeline(alice, chat)
    assert [row["turn"] for row in found["turns"]] == [str(turn.pk) for turn in turns]
    assert [row["number"] for row in found["turns"]] == [1, 2, 3]
    assert found["turns"][1]["label"] == "I live in Oslo."
    assert (found["first"], found["last"], found["total"]) == (1, 3, 3)
    states = [cell(Turn.objects.get(pk=turn.pk)) for turn in turns]
    for number, layer in enumerate(found["layers"]):
        rows = [torch.zeros_like(states[0][number]), *(state[number] for state in states)]
        for i, one in enumerate(rows):
            assert layer["norms"][i] == pytest.approx(float(one.norm()), rel=1e-5)
            wanted = [float((one - other).norm()) for other in rows]
            assert layer["distances"][i] == pytest.approx(wanted, rel=1e-5)
        assert layer["moved"][1:] == pytest.approx([layer["distances"][i + 1][i] for i in range(3)])
        assert len(layer["path"]) == 4
        assert 0.99 < sum(layer["explained"]) <= 1.0001 or layer["explained"][0] < 1


def test_turns_of_another_branch_are_not_in_it(alice, chat, turns):
    services.head_move(chat=chat, turn=turns[0].pk)
    assert [row["number"] for row in timeline(alice, chat)["turns"]] == [1]


def test_a_blank_chat_has_no_turns(alice, chat):
    found = timeline(alice, chat)
    assert found["turns"] == []
    assert found["layers"][0]["distances"] == [[0.0]]


def test_a_long_chat_is_shown_in_windows(alice, chat, turns, monkeypatch):
    whole = timeline(alice, chat)
    monkeypatch.setattr("memory_app.services.chat.timeline.MOST", 2)
    found = timeline(alice, chat)
    assert (found["first"], found["last"], found["total"]) == (2, 3, 3)
    for part, all_of_it in zip(found["layers"], whole["layers"], strict=True):
        # The first one that is shown moved from the turn before it, not from the blank memory.
        assert part["moved"] == pytest.approx([0, *all_of_it["moved"][2:]])
    assert timeline(alice, chat, "?until=1")["last"] == 1
    for query in ("?until=0", "?until=4", "?until=x", "?until=-1"):
        assert alice.client.get(f"/chat/{chat.pk}/timeline.json{query}").status_code == 404


def test_a_damaged_turn_is_left_out_and_named(alice, chat, turns):
    Turn.objects.filter(pk=turns[1].pk).update(state=b"\0" * 8, user_token_ids=[1])
    found = timeline(alice, chat)
    assert found["damaged"] == [str(turns[1].pk)]
    assert [row["number"] for row in found["turns"]] == [1, 3]


def test_the_page_is_its_owners(alice, charlie, chat, turns):
    page = alice.client.get(f"/chat/{chat.pk}/timeline/")
    assert page.status_code == 200
    assert b"js/timeline/main" in page.content
    assert charlie.client.get(f"/chat/{chat.pk}/timeline/").status_code == 404
    assert f"/chat/{chat.pk}/timeline/".encode() in alice.client.get(f"/chat/{chat.pk}/").content
