"""A mind file goes on elsewhere, and anything else is refused in one sentence."""

import struct
from uuid import uuid4

import pytest
import torch
from django.core.files.uploadedfile import SimpleUploadedFile
from safetensors.torch import load, save

from memory_app import services
from memory_app.core.model.state import State
from memory_app.models import Chat, Turn
from memory_app.services.chat.verify import turns_verify
from tests.conftest import spoken_turn

pytestmark = pytest.mark.django_db(transaction=True)


def post(player, chat, data, *, json=True, **fields):
    headers = {"Accept": "application/json"} if json else {}
    body = {"file": SimpleUploadedFile("state.safetensors", data), **fields}
    return player.client.post(f"/chat/{chat.pk}/state/", body, headers=headers)


@pytest.fixture
def said(chat):
    return spoken_turn(chat, "My name is Clara.", "Hello Clara.")


@pytest.fixture
def mind(alice, said):
    return alice.client.get(f"/turn/{said.pk}/state.safetensors").content


def test_a_memory_goes_on_in_another_persons_new_chat(bob, checkpoint, mind, said):
    chat = services.chat_create(person=bob.person, checkpoint=checkpoint)
    answer = post(bob, chat, mind)
    assert answer.status_code == 200
    stored = Chat.objects.get(pk=chat.pk)
    turn = stored.head
    assert answer.json() == {
        "to": f"/chat/{chat.pk}/", "head": str(turn.pk), "turns": [str(turn.pk)],
    }  # fmt: skip
    assert (turn.kind, turn.state_sha256, turn.parent) == ("mind_file", said.state_sha256, None)
    assert turn.parameters["sha256"] == said.state_sha256
    assert turn.parameters["turn"] == str(said.pk)
    # The same message goes on to the same state.
    here = spoken_turn(stored, "What is my name?", "Clara.")
    there = spoken_turn(said.chat, "What is my name?", "Clara.")
    assert here.state_sha256 == there.state_sha256
    assert all(verdict.reason == "" for verdict in turns_verify())
    page = bob.client.get(f"/chat/{chat.pk}/").content.decode()
    assert "Memory replaced by a file." in page


def test_it_stands_at_the_head_and_a_form_leads_back_to_the_chat(alice, chat, said, mind):
    later = spoken_turn(chat, "I have a cat.", "A cat.")
    answer = post(alice, chat, mind, json=False)
    assert (answer.status_code, answer["Location"]) == (302, f"/chat/{chat.pk}/")
    turn = Turn.objects.get(kind="mind_file")
    assert turn.parent_id == later.pk
    assert Chat.objects.get(pk=chat.pk).head_id == turn.pk


def test_a_repeated_upload_makes_one_turn(alice, chat, mind):
    key = str(uuid4())
    first, again = (post(alice, chat, mind, client_turn_id=key).json() for _ in range(2))
    assert first == again
    assert Turn.objects.filter(kind="mind_file").count() == 1
    assert post(alice, chat, mind, client_turn_id="x").status_code == 400


def with_metadata(data, **metadata):
    length = struct.unpack("<Q", data[:8])[0]
    import json

    own = json.loads(data[8 : 8 + length])["__metadata__"]
    return save(load(data), {**own, **metadata})


def other_weights(data):
    return with_metadata(data, checkpoint_sha256="0" * 64)


def newer(data):
    return with_metadata(data, format_version="2")


def no_metadata(data):
    return save(load(data))


def another_shape(data):
    tensors = load(data)
    tensors["h"] = tensors["h"][:, :8].clone()
    return _like(data, tensors)


def another_type(data):
    return _like(data, {name: value.double() for name, value in load(data).items()})


def a_part_less(data):
    return _like(data, {"h": load(data)["h"]})


def not_a_number(data):
    tensors = load(data)
    tensors["c"][0, 0] = float("nan")
    return _like(data, tensors)


def infinite(data):
    tensors = load(data)
    tensors["c"][0, 0] = float("inf")
    return _like(data, tensors)


def huge(data):
    tensors = load(data)
    tensors["c"][0, 0] = 1e30
    return _like(data, tensors)


def _like(data, tensors):
    import json

    length = struct.unpack("<Q", data[:8])[0]
    return save(tensors, json.loads(data[8 : 8 + length])["__metadata__"])


@pytest.mark.parametrize(
    "spoil",
    [
        other_weights, newer, no_metadata, another_shape, another_type, a_part_less, not_a_number,
        infinite, huge,
        lambda data: b"",
        lambda data: b"\0" * 200,
        lambda data: data[:-4],
        lambda data: data + b"\0",
        lambda data: b"\xff" * 8 + data[8:],
        lambda data: struct.pack("<Q", 2) + b"[]",
        lambda data: struct.pack("<Q", 20) + b'{"__metadata__": [1]}',
        lambda data: struct.pack("<Q", 50_000) + b"[" * 50_000,
    ],
)  # fmt: skip
def test_anything_else_is_one_sentence(alice, chat, said, mind, spoil):
    answer = post(alice, chat, spoil(mind))
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid"
    assert answer.json()["error"]["detail"].endswith(".")
    assert Chat.objects.get(pk=chat.pk).head_id == said.pk


def test_somebody_elses_chat_is_nobodys(bob, charlie, chat, said, mind):
    for player in (bob, charlie):
        assert post(player, chat, mind).status_code == 404
    assert Chat.objects.get(pk=chat.pk).head_id == said.pk


def test_a_larger_file_is_not_read(alice, chat, said, mind):
    answer = post(alice, chat, mind + b"\0" * 70_000)
    assert answer.status_code == 413
    page = post(alice, chat, mind + b"\0" * 70_000, json=False)
    assert page.status_code == 413
    assert "The file is larger than a memory of this model can be." in page.content.decode()
    assert alice.client.post(f"/chat/{chat.pk}/state/").status_code == 400


def test_a_running_reply_comes_first(alice, chat, said, mind):
    begun = services.turn_begin(chat=chat, client_turn_id=uuid4(), text="More")
    assert post(alice, chat, mind).status_code == 409
    services.turn_interrupt(turn=begun.turn)
    assert post(alice, chat, mind).status_code == 200


def test_a_chat_with_a_mind_file_is_exported_and_imported(alice, bob, chat, mind, model):
    post(alice, chat, mind)
    document = alice.client.get(f"/chat/{chat.pk}/export.json").content
    body = {"file": SimpleUploadedFile("chat.json", document)}
    assert bob.client.post("/chats/import/", body).status_code == 302
    head = Chat.objects.get(owner=bob.person).head
    assert head.kind == "mind_file"
    given = State.from_bytes(head.given, model.model.config)
    assert torch.equal(given.part("c"), State.from_safetensors(mind, model.model.config).part("c"))
