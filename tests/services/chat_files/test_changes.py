"""Changes of the memory in a chat's file: they come back as they were, and forged ones don't."""

import copy
from base64 import b64encode
from uuid import uuid4

import pytest

from memory_app import services
from memory_app.core.model.state import State
from memory_app.models import Chat, Turn
from memory_app.services.chat.verify import turns_verify
from tests.conftest import spoken_turn
from tests.services.chat_files.files import tree, upload


@pytest.fixture
def changed(chat, alice, checkpoint):
    """A chat with an edit, a transplant from another chat, a blend, and a forgotten turn."""
    other = spoken_turn(
        Chat.objects.create(owner=alice.person, checkpoint=checkpoint), "I have a cat.", "A cat."
    )
    first = spoken_turn(chat, "My name is Clara.", "Hello.")
    edit = services.memory_set(
        chat=chat,
        client_turn_id=uuid4(),
        turn=first.pk,
        change={"set": [["c", 0, 1, 0], ["h", 1, None, 0.25]]},
    )
    for weight in (1, 0.5):
        services.memory_transplant(
            chat=chat,
            client_turn_id=uuid4(),
            turn=Chat.objects.get(pk=chat.pk).head_id,
            source=other.pk,
            what=[["c", 1, None], ["h", 0, 3]],
            weight=weight,
        )
    spoken_turn(chat, "What pet do I have?", "A cat.")
    services.memory_forget(chat=chat, client_turn_id=uuid4(), turn=edit.head)
    chat.refresh_from_db()
    return chat


@pytest.fixture
def document(changed, alice):
    return alice.client.get(f"/chat/{changed.pk}/export.json").json()


def test_changes_come_back_with_their_states_and_keep_the_state_they_need_once(
    changed, document, bob
):
    assert len(document["states"]) == 1  # the same memory of the other chat, four times
    answer = upload(bob.client, document)
    assert answer.status_code == 302
    made = Chat.objects.get(owner=bob.person)
    assert tree(made) == tree(changed)
    place = {turn.pk: number for number, turn in enumerate(changed.turns.oldest_first())}
    new = list(made.turns.oldest_first())
    for turn in changed.turns.oldest_first():
        own = new[place[turn.pk]]
        assert own.given == turn.given
        expected = dict(turn.parameters)
        for key in ("forgotten", "of"):
            if key in expected:
                ids = {str(old): new[number].pk for old, number in place.items()}
                expected[key] = str(ids[expected[key]])
        assert own.parameters == expected
    assert [verdict.reason for verdict in turns_verify()] == [""] * Turn.objects.count()


def entry(document, kind):
    return next(turn for turn in document["turns"] if turn["kind"] == kind)


def forged_hash(document):
    turn = entry(document, "transplant")
    turn["parameters"]["sha256"] = "0" * 64


def no_states(document):
    del document["states"]


def other_bytes(document):
    (key,) = document["states"]
    document["states"][key] = b64encode(b"\0" * 256).decode()


def not_base64(document):
    (key,) = document["states"]
    document["states"][key] += "?"


def not_a_table(document):
    document["states"] = []


def infinite(document):
    import hashlib

    data = b"\0\0\x80\x7f" * 64
    key = hashlib.sha256(data).hexdigest()
    document["states"][key] = b64encode(data).decode()
    entry(document, "transplant")["parameters"]["sha256"] = key


def short(document):
    import hashlib

    key = hashlib.sha256(b"").hexdigest()
    document["states"][key] = ""
    entry(document, "transplant")["parameters"]["sha256"] = key


def with_words(document):
    entry(document, "edit")["user_text"] = "x"


def with_ids(document):
    entry(document, "edit")["user_token_ids"] = [1]


def stopped(document):
    entry(document, "edit")["status"] = "stopped"


def no_parameters(document):
    entry(document, "edit")["parameters"] = {}


def list_of_parameters(document):
    entry(document, "edit")["parameters"] = []


def wrong_unit(document):
    entry(document, "edit")["parameters"]["set"][0][2] = 16


def huge(document):
    entry(document, "edit")["parameters"]["set"][0][3] = 1e300


def unknown_kind(document):
    entry(document, "edit")["kind"] = "dream"


def number_as_kind(document):
    entry(document, "edit")["kind"] = ["edit"]


def full_weight_blend(document):
    entry(document, "blend")["parameters"]["weight"] = 1


def no_hash(document):
    entry(document, "edit")["state_sha256"] = None


@pytest.mark.parametrize(
    "forge",
    [
        forged_hash, no_states, other_bytes, not_base64, not_a_table, infinite, short, with_words,
        with_ids, stopped, no_parameters, list_of_parameters, wrong_unit, huge, unknown_kind,
        number_as_kind, full_weight_blend, no_hash,
    ],
    ids=lambda forge: forge.__name__,
)  # fmt: skip
def test_a_forged_change_is_refused_before_anything_is_written(document, bob, forge):
    forged = copy.deepcopy(document)
    forge(forged)
    answer = upload(bob.client, forged)
    assert answer.status_code == 400
    assert not Chat.objects.filter(owner=bob.person).exists()


def test_unknown_parameters_and_other_peoples_ids_are_left_out(document, bob):
    stranger = str(uuid4())
    talk = next(turn for turn in document["turns"] if turn["parameters"].get("forgotten"))
    talk["parameters"]["forgotten"] = stranger
    entry(document, "edit")["parameters"]["note"] = "<b>"
    entry(document, "transplant")["parameters"]["from"] = {"a": 1}
    assert upload(bob.client, document).status_code == 302
    parameters = list(Turn.objects.filter(chat__owner=bob.person).values_list("parameters"))
    assert stranger not in str(parameters)
    assert "note" not in str(parameters)
    assert "{'a': 1}" not in str(parameters)


def test_the_markdown_and_the_page_say_what_was_done(changed, alice, model):
    services.head_move(chat=changed, turn=changed.turns.get(kind="edit").pk)
    text = alice.client.get(f"/chat/{changed.pk}/export.md").content.decode()
    assert "*Memory edited: 2 places set.*" in text
    page = alice.client.get(f"/chat/{changed.pk}/").content.decode()
    assert "Memory edited: 2 places set." in page
    turns = alice.client.get(f"/chat/{changed.pk}/turns.json").json()["turns"]
    changes = [turn.get("change") for turn in turns]
    assert changes[:4] == [
        None,
        "Memory edited: 2 places set.",
        "Memory transplanted: 2 places of another turn.",
        "Memory blended: 2 places, 50% of it from another turn.",
    ]


def test_a_change_has_a_state_and_no_gates(changed, alice, model):
    edit = changed.turns.get(kind="edit").pk
    get = alice.client.get
    data = get(f"/turn/{edit}/state.safetensors").content
    assert State.from_safetensors(data, model.model.config)
    for path in (
        "gates.json", "trace.safetensors", "reply/", "alternatives.json?token=0",
        "map.safetensors?gate=f&layer=0", "unit.json?layer=0&unit=0", "gates.json?window=1",
    ):  # fmt: skip
        assert get(f"/turn/{edit}/{path}").status_code == 404, path
    page = get(f"/turn/{edit}/")
    assert page.status_code == 200
    assert "It has no tokens" in page.content.decode()
    memory = get(f"/chat/{changed.pk}/memory.json").json()["turns"]
    assert {row["tokens"] for row in memory if row["text_bytes"] == 0} == {0}


def test_all_data_of_a_person_has_the_changes(changed, alice, tmp_path):
    import json
    import zipfile

    from memory_app.services.operations.personal_data import data_subject
    from memory_app.services.operations.personal_export import person_export

    path = tmp_path / "alice.zip"
    person_export(who=data_subject(named="alice"), path=path)
    with zipfile.ZipFile(path) as archive:
        written = json.loads(archive.read(f"chats/{changed.pk}.json"))
    assert len(written["states"]) == 1
