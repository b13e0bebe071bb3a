"""verify_sessions: nothing but what the ids give may be stored."""

from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from memory_app import services
from memory_app.core.model.state import State
from memory_app.models import Chat, Person, Turn

pytestmark = pytest.mark.slow


@pytest.fixture
def turns(manage, checkpoint_folder):
    """Three committed turns, each the child of the one before."""
    row = manage("checkpoints", "import", checkpoint_folder, "--json").document["checkpoint"]
    chat = Chat.objects.create(owner=Person.objects.create(), checkpoint_id=row["id"])
    made = []
    for text in ("one", "two", "three"):
        begun = services.turn_begin(chat=chat, client_turn_id=uuid4(), text=text)
        turn = services.turn_commit(
            turn=begun.turn,
            model=begun.model,
            before=begun.before,
            reply_ids=begun.turn.user_token_ids,
            reply_text=text,
            status="complete",
        )
        made.append(turn)
    return made


def test_sound_turns_have_no_fault(manage, turns):
    ran = manage("verify_sessions", "--json")
    assert ran.status == 0
    assert ran.document == {"turns": 3, "faults": []}


def _nudged(turn: Turn, by: float) -> dict[str, object]:
    state = State.from_bytes(bytes(turn.state), turn.chat.checkpoint.model_config)
    state.layers[0]["c"][0, 0] += by
    return {"state": state.to_bytes(), "state_sha256": state.sha256()}


def test_a_last_bit_is_a_fault_on_the_machine_that_wrote_it_alone(manage, turns):
    last = Turn.objects.filter(pk=turns[-1].pk)
    assert turns[-1].machine
    last.update(**_nudged(turns[-1], 3e-7))
    ran = manage("verify_sessions", "--json")
    assert ran.status == 1
    assert [fault["turn"] for fault in ran.document["faults"]] == [str(turns[-1].pk)]
    assert "1 of 3" in ran.mistake
    last.update(machine="another")
    assert manage("verify_sessions", "--json").status == 0
    last.update(**_nudged(turns[-1], 1e-3))
    assert manage("verify_sessions", "--json").status == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": b"short"}, "bytes"),
        ({"state": None}, "bytes"),
        ({"state_sha256": "0" * 64}, "hash"),
        ({"reply_token_ids": [1, 2, 3]}, "replay"),
        ({"reply_token_ids": [10**6]}, "vocabulary"),
        ({"reply_token_ids": "x"}, "ids"),
    ],
)
def test_whatever_was_changed_is_a_fault(manage, turns, change, reason):
    Turn.objects.filter(pk=turns[-1].pk).update(**change)
    (fault,) = manage("verify_sessions", "--json").document["faults"]
    assert reason in fault["reason"]


def test_a_turn_on_lost_weights_is_a_fault(manage, turns, settings, tmp_path):
    from memory_app import runtime

    runtime.stop()
    settings.DATA_DIR = tmp_path / "elsewhere"
    ran = manage("verify_sessions", "--json")
    assert len(ran.document["faults"]) == 3


def _raw(sql: str, *values: object) -> None:
    """What no model would write: types, texts and links that the columns take all the same."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


SPOILT = {
    "state = 'hello'": "state",
    "reply_token_ids = '[1, 2, \"x\"]'": "ids",
    "user_token_ids = 'null'": "ids",
    "client_turn_id = 'x'": "can't be read",
    "user_token_ids = '[true]'": "ids",
    "reply_token_ids = '[-1]'": "ids",
    "parent_id = id": "ancestors",
    "created = 'yesterday'": "time",
}


@pytest.mark.skipif(
    "postgresql" in str(settings.DATABASES), reason="SQLite's columns take anything"
)
@pytest.mark.parametrize("change", SPOILT)
def test_a_row_of_any_kind_is_a_fault_and_hides_no_other(manage, turns, change):
    _raw(f"UPDATE memory_app_turn SET {change} WHERE id = %s", turns[1].pk.hex)
    Turn.objects.filter(pk=turns[0].pk).update(state_sha256="0" * 64)
    ran = manage("verify_sessions", "--json")
    faults = {fault["turn"]: fault["reason"] for fault in ran.document["faults"]}
    assert ran.status == 1
    assert ran.document["turns"] == 3
    assert SPOILT[change] in faults[str(turns[1].pk)]
    assert "hash" in faults[str(turns[0].pk)]
    # And the pages: an answer or a sentence, and no traceback.
    player = Client(raise_request_exception=False)
    player.get("/")
    person = Person.objects.get(pk=player.session["person"])
    Chat.objects.update(owner=person)
    chat, turn = turns[1].chat_id, turns[1].pk
    told = 0
    for url in (
        f"/chat/{chat}/", f"/chat/{chat}/turns.json", f"/chat/{chat}/memory.json",
        f"/chat/{chat}/export.json", f"/chat/{chat}/export.md", f"/turn/{turn}/",
        f"/turn/{turn}/gates.json", f"/turn/{turn}/trace.safetensors",
        f"/turn/{turn}/state.safetensors", f"/turn/{turns[2].pk}/gates.json",
    ):  # fmt: skip
        answer = player.get(url)
        assert answer.status_code in {200, 503}, (url, answer.status_code)
        if answer.status_code == 503:
            assert "damaged" in answer.content.decode()
            told += 1
    assert told >= 1 or change == "state = 'hello'"


def test_a_circle_of_turns_is_a_fault_of_each_and_ends(manage, turns):
    Turn.objects.filter(pk=turns[0].pk).update(parent=turns[1].pk)
    Turn.objects.filter(pk=turns[0].pk).update(state=b"short")
    faults = manage("verify_sessions", "--json").document["faults"]
    assert {fault["turn"] for fault in faults} == {str(turn.pk) for turn in turns}


def test_a_parent_in_another_chat_is_a_fault(manage, turns):
    other = Chat.objects.create(
        owner=Person.objects.create(), checkpoint_id=turns[0].chat.checkpoint_id
    )
    Turn.objects.filter(pk=turns[0].pk).update(chat=other)
    faults = manage("verify_sessions", "--json").document["faults"]
    assert [fault["reason"] for fault in faults] == ["its parent is in another chat"]


def test_a_repair_says_what_it_did_and_what_is_left(manage, turns):
    Turn.objects.filter(pk=turns[0].pk).update(state=b"short")
    Turn.objects.filter(pk=turns[2].pk).update(reply_token_ids=[10**6])
    ran = manage("verify_sessions", "--repair", "--json")
    assert ran.status == 1
    assert [entry["turn"] for entry in ran.document["repaired"]] == [str(turns[0].pk)]
    assert [entry["turn"] for entry in ran.document["faults"]] == [str(turns[2].pk)]
    # What is repaired is logged on stderr, too, so that the error is its last line.
    assert ran.err.splitlines()[-1].startswith("error: 1 of 3 ")
    Turn.objects.filter(pk=turns[2].pk).update(reply_token_ids=turns[2].reply_token_ids)
    Turn.objects.filter(pk=turns[1].pk).update(state=None)
    ran = manage("verify_sessions", "--repair")
    assert ran.status == 0
    assert "3 turns, 0 faults, 1 repaired" in ran.out
    assert manage("verify_sessions", "--json").document == {"turns": 3, "faults": []}


@pytest.mark.skipif("postgresql" in str(settings.DATABASES), reason="PostgreSQL refuses the bytes")
def test_a_text_that_cannot_be_read_is_a_fault_without_the_text(manage, turns):
    _raw(
        "UPDATE memory_app_turn SET user_text = CAST(X'7365637265740aff' AS TEXT) WHERE id = %s",
        turns[1].pk.hex,
    )
    ran = manage("verify_sessions", "--repair", "--json")
    faults = {fault["turn"]: fault["reason"] for fault in ran.document["faults"]}
    assert "can't be read" in faults[str(turns[1].pk)]
    assert "secret" not in str(ran.document)
