"""A fork is a chat of its own: copies of a branch, which survive the deletion of their source."""

from datetime import timedelta

import pytest
from django.test import Client

from memory_app import services
from memory_app.models import Chat, Turn
from memory_app.refusal import Refused
from memory_app.services.chat import fork
from memory_app.services.chat.chats import chats_purge
from memory_app.services.chat.verify import turns_verify
from tests.conftest import spoken_turn


@pytest.fixture
def turns(chat: Chat) -> list[Turn]:
    return [spoken_turn(chat, text, "Yes.") for text in ("My cat is Tom.", "And a dog.", "Later")]


def test_a_fork_has_copies_of_the_branch_up_to_its_turn(alice, chat, turns):
    copy = services.chat_fork(turn=turns[1])
    rows = list(copy.turns.oldest_first())
    assert [row.position for row in rows] == [1, 2]
    assert [row.parent_id for row in rows] == [None, rows[0].pk]
    assert copy.head_id == rows[1].pk
    assert {row.pk for row in rows}.isdisjoint({turn.pk for turn in turns})
    assert all(row.inherited for row in rows)
    for row, turn in zip(rows, turns, strict=False):
        turn.refresh_from_db()
        for name in ("user_text", "reply_text", "user_token_ids", "reply_token_ids", "seed"):
            assert getattr(row, name) == getattr(turn, name), name
        assert bytes(row.state) == bytes(turn.state)
        assert (row.state_sha256, row.machine) == (turn.state_sha256, turn.machine)
        assert row.client_turn_id != turn.client_turn_id
    assert (copy.owner, copy.checkpoint_id) == (alice.person, chat.checkpoint_id)
    assert copy.title == "Fork: My cat is Tom."
    assert services.chat_fork(turn=rows[1]).title == "Fork: My cat is Tom."
    assert copy.activity > chat.activity


def test_a_fork_survives_the_deletion_of_its_source_and_verifies(chat, turns):
    copy = services.chat_fork(turn=turns[2])
    assert copy.forked_from_id == turns[2].pk
    services.chat_delete(chat=chat)
    assert chats_purge(older_than=timedelta(0)) == 1
    copy.refresh_from_db()
    assert copy.forked_from_id is None
    assert copy.turns.count() == 3
    assert [verdict.reason for verdict in turns_verify()] == ["", "", ""]
    spoken_turn(copy, "And then?", "Yes.")
    assert [verdict.reason for verdict in turns_verify()] == [""] * 4


def test_a_search_finds_the_texts_of_a_fork(alice, chat, turns):
    copy = services.chat_fork(turn=turns[1])
    found = Chat.objects.of(alice.person).keys_mentioning(["dog"])
    assert set(found) == {chat.pk, copy.pk}
    assert Chat.objects.of(alice.person).keys_mentioning(["later"]) == [chat.pk]


def test_a_long_branch_is_copied_in_parts(chat, turns, monkeypatch):
    monkeypatch.setattr(fork, "_AT_ONCE", 2)
    copy = services.chat_fork(turn=turns[2])
    assert [row.user_text for row in copy.turns.oldest_first()][-1] == "Later"
    monkeypatch.setattr(fork, "TURNS_MAX", 2)
    with pytest.raises(Refused) as refused:
        services.chat_fork(turn=turns[2])
    assert refused.value.code == "too_long"
    assert Chat.objects.count() == 2


def test_a_turn_without_a_state_and_a_deleted_chat_are_not_forked(chat, turns):
    begun = services.turn_begin(chat=chat, client_turn_id=turns[0].pk, text="Hm", sampling={})
    services.turn_fail(turn=begun.turn)
    with pytest.raises(Refused) as refused:
        services.chat_fork(turn=begun.turn)
    assert refused.value.code == "invalid"
    services.chat_delete(chat=chat)
    with pytest.raises(Refused) as refused:
        services.chat_fork(turn=turns[0])
    assert refused.value.code == "not_found"


def test_the_route_leads_to_the_new_chat_whose_turns_are_marked(alice, chat, turns):
    answer = alice.client.post(f"/turn/{turns[1].pk}/fork/")
    assert answer.status_code == 302
    tree = alice.client.get(f"{answer['Location']}turns.json").json()
    assert [turn["inherited"] for turn in tree["turns"]] == [True, True]
    page = alice.client.get(answer["Location"]).content.decode()
    assert f'/chat/{chat.pk}/#turn-{turns[1].pk}"' in page
    told = alice.client.post(f"/turn/{turns[0].pk}/fork/", headers={"Accept": "application/json"})
    assert told.json()["to"].startswith("/chat/")
    services.chat_delete(chat=chat)
    page = alice.client.get(answer["Location"]).content.decode()
    assert "Forked from a chat that is no longer there" in page


def test_only_the_owner_forks(bob, chat, turns):
    bob.client.get("/")
    assert bob.client.post(f"/turn/{turns[0].pk}/fork/").status_code == 404
    assert Client().post(f"/turn/{turns[0].pk}/fork/").status_code == 404
    assert bob.client.get(f"/turn/{turns[0].pk}/fork/").status_code == 404
    assert Chat.objects.count() == 1
