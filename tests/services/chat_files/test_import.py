"""A chat comes back from its file as the same chat."""

import json

import pytest
from django.utils import timezone

from memory_app import services
from memory_app.models import Chat
from tests.services.chat_files.files import say, tree, upload


def test_another_person_gets_the_same_chat_back(told, exported, bob):
    answer = upload(bob.client, exported)
    made = Chat.objects.get(owner=bob.person)
    assert answer["Location"] == f"/chat/{made.pk}/"
    assert tree(made) == tree(told)
    assert made.pk != told.pk
    assert not set(made.turns.values_list("pk")) & set(told.turns.values_list("pk"))
    assert bob.client.get(answer["Location"]).status_code == 200
    # It goes on from there, and what is said next stands last.
    new = say(made, "Still there?", [], parent=made.head)
    assert list(made.turns.oldest_first())[-1] == new


def test_a_copy_can_be_told_from_its_original_wherever_chats_are_listed(alice, told, exported):
    copy_page = upload(alice.client, exported)["Location"]
    copy_key = copy_page.split("/")[2]
    for url in ("/chats/", "/chats/?q=clara", f"/chat/{told.pk}/"):
        entries = alice.client.get(url).content.decode().split('<li class="chat-entry"')[1:]
        marked = {
            entry.split('data-chat="')[1][:36]: "imported</span>" in entry for entry in entries
        }
        assert marked == {str(told.pk): False, copy_key: True}, url
        assert f'aria-describedby="imported-{copy_key}"' in "".join(entries)
    heads = [
        alice.client.get(url).content.decode().split('class="chat-head"')[1].split("</header>")[0]
        for url in (f"/chat/{told.pk}/", copy_page)
    ]
    assert ["imported-mark" in head for head in heads] == [False, True]


def test_a_stranger_becomes_a_guest_by_importing(exported, client):
    answer = upload(client, exported)
    assert client.get(answer["Location"]).status_code == 200


def test_the_states_are_replayed_and_never_taken_from_the_file(exported, bob, told):
    for turn in exported["turns"]:
        if turn["state_sha256"]:
            turn["state_sha256"] = "0" * 64
    replayed = services.chat_replay(data=json.dumps(exported).encode())
    assert replayed.differing == 4
    made = services.chat_import(person=bob.person, replayed=replayed)
    assert tree(made) == tree(told)


def test_times_that_are_still_to_come_keep_their_order_and_not_more(exported, bob):
    for turn, year in zip(exported["turns"], (2090, 2090, 2091, 2010, 2092), strict=True):
        turn["created"] = f"{year}-01-01T00:00:00+09:00"
    made = services.chat_import(
        person=bob.person, replayed=services.chat_replay(data=json.dumps(exported).encode())
    )
    turns = list(made.turns.oldest_first())
    assert all(turn.created <= timezone.now() for turn in turns)
    assert [turn.user_text for turn in turns] == [turn["user_text"] for turn in exported["turns"]]
    assert say(made, "Now", [], parent=made.head) == list(made.turns.oldest_first())[-1]


def test_unknown_fields_of_a_later_addition_are_left_alone(exported, bob):
    exported["colour"] = exported["turns"][0]["mood"] = "<script>"
    assert upload(bob.client, exported).status_code == 302


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2024-05-01T10:00:00+00:00", "4100-01-01T00:00:00+00:00"),
        ("2000-01-02T00:00:00+00:00", "9999-12-31T23:59:59+00:00"),
        ("9999-12-31T23:59:59.999999+00:00", "9999-12-31T23:59:59.999999+00:00"),
        ("2024-05-01T10:00:00+00:00", "9999-12-31T23:59:59-12:00"),
    ],
)
def test_a_time_of_a_clock_that_was_ahead_is_taken_as_now(exported, bob, first, second):
    exported["turns"][0]["created"], exported["turns"][1]["created"] = first, second
    answer = upload(bob.client, exported)
    assert answer.status_code == 302
    made = Chat.objects.get(pk=answer["Location"].split("/")[2])
    assert [turn.user_text for turn in made.turns.oldest_first()] == [
        turn["user_text"] for turn in exported["turns"]
    ]


def test_a_file_with_a_child_before_its_parent_is_taken(exported, bob):
    """As older versions wrote them where the clock had been put back."""
    texts = {turn["user_text"] for turn in exported["turns"]}
    exported["turns"].reverse()
    made = services.chat_import(
        person=bob.person, replayed=services.chat_replay(data=json.dumps(exported).encode())
    )
    turns = list(made.turns.oldest_first().select_related("parent"))
    assert {turn.user_text for turn in turns} == texts
    assert all(turn.parent is None or turn.parent.position < turn.position for turn in turns)


def test_a_turn_that_comes_after_itself_is_refused(exported, bob):
    first, second = exported["turns"][:2]
    first["parent"], second["parent"] = second["id"], first["id"]
    answer = upload(bob.client, exported)
    assert answer.status_code == 400
    assert "comes after itself" in str(answer.context["errors"]["file"])
