"""Any other file than a chat's is one clear refusal."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from memory_app import registry, services
from memory_app.chat_file import read
from memory_app.models import Chat, Person, Turn
from memory_app.refusal import Refused
from memory_app.services.chat import import_chat
from tests.conftest import make_checkpoint
from tests.services.chat_files.files import upload


def at(number: int, **fields: Any) -> Any:
    return lambda file: file["turns"][number].update(fields)


def head(value: Any) -> Any:
    return lambda file: file.update(head=value)


MENDED = {
    "no format": lambda file: file.pop("format"),
    "another format": lambda file: file.update(format="chatgpt"),
    "a newer format": lambda file: file.update(format_version=2),
    "a version that is none": lambda file: file.update(format_version=True),
    "no checkpoint": lambda file: file.update(checkpoint=None),
    "a sha that is none": lambda file: file["checkpoint"].update(sha256="../../x"),
    "a checkpoint not here": lambda file: file["checkpoint"].update(sha256="a" * 64),
    "no title": lambda file: file.update(title=None),
    "no turns": lambda file: file.update(turns={}),
    "a turn that is none": lambda file: file["turns"].append([]),
    "a turn twice": lambda file: file["turns"].append(copy.deepcopy(file["turns"][-1])),
    "a circle": lambda file: file["turns"][0].update(parent=file["turns"][1]["id"]),
    "its own parent": lambda file: file["turns"][0].update(parent=file["turns"][0]["id"]),
    "a failed parent": lambda file: file["turns"][3].update(parent=file["turns"][2]["id"]),
    "an unknown parent": at(1, parent="nobody"),
    "a parent of another type": at(1, parent=7),
    "no id": at(4, id=""),
    "a long id": at(4, id="x" * 65),
    "a head elsewhere": head("nobody"),
    "a failed head": lambda file: file.update(head=file["turns"][2]["id"]),
    "a head of another type": head(["x"]),
    "a kind that is none": at(0, kind="change"),
    "held gates": at(0, hold={"freeze": [["f", 9, None, 1.0]]}),
    "running": at(2, status="running"),
    "a status that is none": at(0, status="<img>"),
    "a status of another type": at(0, status=["complete"]),
    "an empty message": at(0, user_text="", user_token_ids=[]),
    "a long message": at(0, user_text="x" * 4001),
    "NUL in a message": at(0, user_text="a\0b"),
    "half a character": at(0, user_text="\ud800"),
    "no reply text": at(0, reply_text=None),
    "another message than its ids": at(0, user_text="My name is Berta."),
    "another reply than its ids": at(0, reply_text="Nice <img src=x onerror=1>"),
    "a lone half in a reply": at(0, reply_text="\ud800"),
    "a negative id": at(0, reply_token_ids=[-1]),
    "an id beyond the vocabulary": at(0, reply_token_ids=[10**6]),
    "a huge id": at(0, reply_token_ids=[10**400]),
    "an id that is true": at(0, reply_token_ids=[True]),
    "an id that is no whole number": at(0, reply_token_ids=[1.0]),
    "ids that are a string": at(0, user_token_ids="123"),
    "no ids": at(0, user_token_ids=None),
    "a reply too long": at(0, reply_token_ids=[5] * 513),
    "a failed turn with a reply": at(2, reply_token_ids=[5]),
    "a failed turn with a text": at(2, reply_text="x"),
    "a failed turn with a state": at(2, state_sha256="0" * 64),
    "a committed turn without": at(0, state_sha256=None),
    "a hash that is none": at(0, state_sha256="Z" * 64),
    "no sampling": at(0, sampling=None),
    "a setting that is none": at(0, sampling={"<img src=x onerror=alert(1)>": 1}),
    "a setting out of range": at(0, sampling={"temperature": 3}),
    "two seeds": at(0, seed=6),
    "a seed that is none": at(0, seed="5"),
    "a seed too large": at(0, seed=2**53, sampling={}),
    "no time": at(0, created=None),
    "a time that is none": at(0, created="yesterday"),
    "a time before all times": at(0, created="0001-01-01T00:00:00+14:00"),
}  # fmt: skip


@pytest.mark.parametrize("what", MENDED)
def test_a_file_that_is_not_sound_is_one_sentence_and_nothing_is_written(told, exported, bob, what):
    MENDED[what](exported)
    before = Chat.objects.count(), Turn.objects.count()
    answer = upload(bob.client, exported)
    assert answer.status_code in {400, 413}
    problem = answer.context["errors"]["file"]
    assert problem.count(".") + problem.count("?") == 1, problem
    assert "{" not in problem
    assert "<" not in problem
    assert (Chat.objects.count(), Turn.objects.count()) == before


def test_a_control_token_inside_a_text_is_refused(model, exported, bob):
    for name in ("user_token_ids", "reply_token_ids"):
        for control in sorted(model.tokenizer.special_ids):
            file = copy.deepcopy(exported)
            file["turns"][0][name].insert(1, control)  # decodes to nothing: the text still fits
            assert "can’t occur in text" in upload(bob.client, file).context["errors"]["file"]


NAMES = (
    "../../../etc/cron.d/x.json", "..\\..\\boot.ini", "/etc/passwd", "....//x", "a\0b.json",
    '"><svg onload=alert(1)>.svg', "page.html", "x" * 5000, "....", ".htaccess", "\u202egpj",
)  # fmt: skip
NO_CHAT = [
    b"", b"{}", b"[]", b"null", b"\xff\xfe", b"\x00" * 20, b"{" * 5, b"[" * 200_000,
    b'{"format": NaN}', b'{"format": ' + b"9" * 9000 + b"}", b'"gatescope.chat"', b"\x1f\x8b\x08",
]  # fmt: skip


@pytest.mark.parametrize("body", NO_CHAT, ids=range(len(NO_CHAT)))
def test_bytes_that_are_no_chat_are_one_sentence(checkpoint, bob, body):
    answer = upload(bob.client, body)
    assert answer.status_code == 400
    assert answer.context["errors"]["file"]
    assert not Chat.objects.exists()


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_what_a_chats_file_is_called_means_nothing(exported, bob, name, settings):
    def files() -> set[Path]:
        return {path for path in settings.DATA_DIR.rglob("*") if path.is_file()}

    before = files()
    file = SimpleUploadedFile("x", json.dumps(exported).encode(), content_type="text/html")
    file._name = name  # as a sender writes it: the constructor would cut it at its last slash
    answer = bob.client.post("/chats/import/", {"file": file})
    # A name that Django finds nothing left of is no file; what it was is written nowhere.
    assert answer.status_code in {302, 400}
    made = Chat.objects.filter(owner=bob.person)
    assert made.count() == (answer.status_code == 302)
    assert [chat.title for chat in made] == [exported["title"]] * made.count()
    assert files() == before


def test_a_form_without_a_file_says_so_and_makes_nobody_a_guest(checkpoint, client):
    answer = client.post("/chats/import/")
    assert answer.status_code == 400
    assert "Choose the JSON file" in answer.context["errors"]["file"]
    said = answer.content.decode()
    assert '<details class="pop" open>' in said
    assert 'required autofocus aria-invalid="true" aria-describedby="error-file file-help"' in said
    assert not Person.objects.exists()


def test_a_file_too_large_or_a_chat_too_long_is_refused(monkeypatch, exported, bob):
    assert upload(bob.client, b" " * (read.BYTES_MAX + 1)).status_code == 413
    monkeypatch.setattr(read, "TURNS_MAX", 4)
    assert "turns" in upload(bob.client, exported).context["errors"]["file"]
    monkeypatch.setattr(read, "TURNS_MAX", 5)
    monkeypatch.setattr(read, "TOKENS_MAX", 20)
    assert "tokens to replay" in upload(bob.client, exported).context["errors"]["file"]
    assert not Chat.objects.filter(owner=bob.person).exists()


def test_a_model_for_study_takes_no_chat(exported, bob, tmp_path):
    make_checkpoint(tmp_path / "study", cell="tanh_rnn")
    row = registry.register(tmp_path / "study")
    exported["checkpoint"]["sha256"] = row.sha256
    assert "for study" in upload(bob.client, exported).context["errors"]["file"]


def test_one_chat_is_replayed_at_a_time(exported, bob, monkeypatch):
    monkeypatch.setattr(import_chat, "_PATIENCE", 0.01)
    with import_chat._one_at_a_time:
        assert upload(bob.client, exported).status_code == 503
    assert upload(bob.client, exported).status_code == 302


def test_a_checkpoint_deleted_meanwhile_is_a_refusal_too(exported, bob, told):
    replayed = services.chat_replay(data=json.dumps(exported).encode())
    Chat.objects.all().delete()
    told.checkpoint.delete()
    with pytest.raises(Refused, match="not_found"):
        services.chat_import(person=bob.person, replayed=replayed)
    assert not Chat.objects.exists()
