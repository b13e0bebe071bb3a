"""The pages that edit a memory and put another into it, without a script."""

import pytest
from django.test import Client

from memory_app import services
from memory_app.models import Chat, Turn
from memory_app.services.chat.verify import turns_verify
from tests.conftest import spoken_turn

EDIT = {"part": "c.1", "units": "largest", "largest": "3", "operation": "zero"}


@pytest.fixture
def turn(chat: Chat) -> Turn:
    return spoken_turn(chat, "My <b>cat</b> is Tom.", "Yes.")


def memory(turn: Turn) -> list[float]:
    state = services.state_after(turn=turn, checkpoint=turn.chat.checkpoint)
    return state.layers[1]["c"][0].tolist()


def test_an_edit_is_a_turn_whose_largest_values_are_empty(alice, chat, turn):
    page = alice.client.get(f"/turn/{turn.pk}/edit/").content.decode()
    assert "My &lt;b&gt;cat&lt;/b&gt; is Tom." in page
    assert page.count('name="part"') == 4
    answer = alice.client.post(f"/turn/{turn.pk}/edit/", EDIT)
    assert (answer.status_code, answer["Location"]) == (302, f"/chat/{chat.pk}/")
    chat.refresh_from_db()
    edited = chat.head
    assert (edited.kind, edited.parent_id) == ("edit", turn.pk)
    before, after = memory(turn), memory(edited)
    emptied = {unit for unit in range(16) if before[unit] != after[unit]}
    assert emptied == set(sorted(range(16), key=lambda unit: -abs(before[unit]))[:3])
    assert all(after[unit] == 0 for unit in emptied)
    assert [verdict.reason for verdict in turns_verify()] == ["", ""]
    assert b"Memory edited" in alice.client.get(f"/chat/{chat.pk}/").content


@pytest.mark.parametrize(
    ("fields", "parameters"),
    [
        ({"units": "list", "list": "0-1, 3", "operation": "scale", "number": "0.5"},
         {"scale": [["c", 1, 0, 0.5], ["c", 1, 1, 0.5], ["c", 1, 3, 0.5]]}),
        ({"units": "all", "operation": "clamp", "number": "0.25"},
         {"clamp": [["c", 1, None, 0.25]]}),
        ({"units": "all", "operation": "set", "number": "\u22121"},
         {"set": [["c", 1, None, -1.0]]}),
    ],
)  # fmt: skip
def test_the_fields_become_the_parameters(alice, chat, turn, fields, parameters):
    assert alice.client.post(f"/turn/{turn.pk}/edit/", EDIT | fields).status_code == 302
    chat.refresh_from_db()
    assert chat.head.parameters == parameters


@pytest.mark.parametrize(
    "fields",
    [
        {"part": "x.0"}, {"part": "c.9"}, {"part": "c.-1"}, {"part": ""}, {"largest": "0"},
        {"largest": "9" * 30}, {"units": "list", "list": "0-99"}, {"units": "list", "list": "<b>"},
        {"operation": "burn"}, {"operation": "set", "number": "nan"},
        {"operation": "scale", "number": "1e9"}, {"operation": "clamp", "number": "-1"},
        {"operation": "set", "number": ""},
    ],
)  # fmt: skip
def test_bad_input_gets_one_sentence_and_changes_nothing(alice, chat, turn, fields):
    answer = alice.client.post(f"/turn/{turn.pk}/edit/", EDIT | fields)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert page.count('role="alert"') == 1
    assert "<b>" not in page
    assert Turn.objects.count() == 1


def test_a_memory_is_put_in_from_another_chat(alice, chat, turn):
    other = Chat.objects.create(owner=alice.person, checkpoint=chat.checkpoint, title="Other")
    there = spoken_turn(other, "My dog is Rex.", "Yes.")
    page = alice.client.get(f"/turn/{turn.pk}/transplant/?chat={other.pk}").content.decode()
    assert str(there.pk) in page
    fields = {"chat": str(other.pk), "from": str(there.pk), "what": ["c.0", "c.1"]}
    answer = alice.client.post(f"/turn/{turn.pk}/transplant/", fields | {"weight": "1"})
    assert answer.status_code == 302
    chat.refresh_from_db()
    assert chat.head.kind == "transplant"
    assert memory(chat.head) == memory(there)
    alice.client.post(f"/turn/{turn.pk}/transplant/", fields | {"weight": "0.5"})
    chat.refresh_from_db()
    assert chat.head.kind == "blend"
    for bad in ({"from": "x"}, {"what": []}, {"what": ["c.7"]}, {"weight": "2"}, {"weight": "nan"}):
        answer = alice.client.post(f"/turn/{turn.pk}/transplant/", fields | {"weight": "1"} | bad)
        assert answer.status_code == 400, bad
        assert answer.content.count(b'role="alert"') == 1


def test_somebody_elses_memory_is_neither_changed_nor_taken(alice, bob, chat, turn):
    bob.client.get("/")
    own = Chat.objects.create(owner=bob.person, checkpoint=chat.checkpoint)
    mine = spoken_turn(own, "Mine.", "Yes.")
    for client in (bob.client, Client()):
        for path in ("edit", "transplant"):
            assert client.get(f"/turn/{turn.pk}/{path}/").status_code == 404
            assert client.post(f"/turn/{turn.pk}/{path}/", EDIT).status_code == 404
    fields = {"from": str(turn.pk), "what": ["c.0"], "weight": "1"}
    assert bob.client.post(f"/turn/{mine.pk}/transplant/", fields).status_code == 400
    page = bob.client.get(f"/turn/{mine.pk}/transplant/?chat={chat.pk}").content
    assert b"Tom" not in page
    assert Turn.objects.count() == 2
