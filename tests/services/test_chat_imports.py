"""A long chat's file is replayed by the worker: watched, taken up again, or called off."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from memory_app import process_liveness, services, tasks
from memory_app.core.messages import Sentence
from memory_app.models import Chat, ChatImport, Person
from memory_app.services.chat import import_queue
from memory_app.services.chat.import_queue import import_execute, imports_recover
from tests.services.chat_files.files import say

HTMX = {"HX-Request": "true", "HX-Target": "importing"}


@pytest.fixture
def told_of(monkeypatch) -> list[str]:
    """The imports that the workers were told of."""
    keys: list[str] = []
    monkeypatch.setattr(import_queue, "_enqueue", lambda key: keys.append(str(key)))
    return keys


@pytest.fixture
def file(chat, alice, monkeypatch) -> bytes:
    """The file of a chat of three turns, each of which is long from here on."""
    at = None
    for text in ("One.", "Two.", "Three."):
        at = say(chat, text, [5, 6], parent=at)
    services.chat_rename(chat=chat, title="A long one")
    monkeypatch.setattr(import_queue, "AT_ONCE_TOKENS", 0)
    return alice.client.get(f"/chat/{chat.pk}/export.json").content


def upload(client: Client, body: bytes) -> Any:
    return client.post("/chats/import/", {"file": SimpleUploadedFile("chat.json", body)})


@pytest.fixture
def asked(bob, file, told_of) -> ChatImport:
    answer = upload(bob.client, file)
    assert answer.status_code == 302
    return ChatImport.objects.get(pk=UUID(answer["Location"].split("/")[2]))


def test_a_long_file_is_checked_at_once_and_replayed_by_the_worker(alice, bob, asked, told_of):
    url = f"/chat/{asked.pk}/"
    assert told_of == [str(asked.pk)]
    page = bob.client.get(url).content.decode()
    assert "is waiting to be imported" in page
    assert "A long one" in bob.client.get("/chats/").content.decode()
    assert alice.client.get(url).status_code == 404
    assert bob.client.get(f"{url}turns.json").status_code == 404
    tasks.import_chat(str(asked.pk))
    assert bob.client.get(url, headers=HTMX)["HX-Redirect"] == url
    made = bob.client.get(f"{url}turns.json").json()
    assert [turn["user_text"] for turn in made["turns"]] == ["One.", "Two.", "Three."]
    asked.refresh_from_db()
    assert (asked.status, bytes(asked.data), asked.done) == ("finished", b"", asked.total)
    # Told of it a second time it does nothing.
    tasks.import_chat(str(asked.pk))
    assert Chat.objects.of(bob.person).count() == 1


def test_a_wrong_file_is_refused_at_once_however_long(bob, file, told_of):
    document = json.loads(file)
    document["turns"][2]["reply_text"] = "something else"
    assert upload(bob.client, json.dumps(document).encode()).status_code == 400
    assert not ChatImport.objects.exists()


def test_an_import_whose_worker_died_is_taken_up_again_but_not_for_ever(asked, told_of, bob):
    dead = f"nowhere-1-{'0' * 12}"
    for deaths in range(import_queue.MOST_DEATHS):
        ChatImport.objects.filter(pk=asked.pk).update(
            status="running", process=dead, heartbeat=None, deaths=deaths
        )
        told_of.clear()
        imports_recover()
        assert told_of == [str(asked.pk)]
        if deaths == 0:
            import_execute(key=asked.pk)
            assert Chat.objects.filter(pk=asked.pk).exists()
            Chat.objects.filter(pk=asked.pk).delete()
            ChatImport.objects.filter(pk=asked.pk).update(data=b"x")
    import_execute(key=asked.pk)
    asked.refresh_from_db()
    assert (asked.status, bytes(asked.data)) == ("failed", b"")
    assert "died 3 times" in bob.client.get(f"/chat/{asked.pk}/").content.decode()
    assert bob.client.post(f"/chat/{asked.pk}/delete/").status_code == 302
    assert not ChatImport.objects.exists()


def test_an_import_that_lives_is_left_to_whoever_has_it(asked, told_of):
    ChatImport.objects.filter(pk=asked.pk).update(
        status="running", process=process_liveness.process_id(), heartbeat=timezone.now()
    )
    told_of.clear()
    imports_recover()
    import_execute(key=asked.pk)
    assert told_of == []
    assert not Chat.objects.filter(pk=asked.pk).exists()


def test_one_called_off_in_the_middle_stores_nothing(asked, bob, monkeypatch):
    monkeypatch.setattr(import_queue, "PULSE", 0)
    replay = import_queue.checked_replay

    def called_off(**arguments: Any) -> Any:
        assert bob.client.post(f"/chat/{asked.pk}/delete/").status_code == 302
        return replay(**arguments)

    monkeypatch.setattr(import_queue, "checked_replay", called_off)
    import_execute(key=asked.pk)
    assert not ChatImport.objects.exists()
    assert not Chat.objects.filter(pk=asked.pk).exists()


def test_an_outage_fails_no_import_it_waits_and_is_replayed_afterwards(
    asked, told_of, monkeypatch, caplog
):
    def away(**arguments: Any) -> Any:
        raise OperationalError("connection refused")

    for _outage in range(import_queue.MOST_DEATHS):
        with monkeypatch.context() as patch:
            patch.setattr(import_queue, "checked_replay", away)
            tasks.import_chat(str(asked.pk))
        asked.refresh_from_db()
        assert (asked.status, asked.deaths) == ("queued", 0)
    # Not even that could be written: the worker lives, and its silence is no death.
    ours = {"status": "running", "process": process_liveness.process_id(), "heartbeat": None}
    ChatImport.objects.filter(pk=asked.pk).update(**ours, deaths=import_queue.MOST_DEATHS - 1)
    tasks.import_chat(str(asked.pk))
    asked.refresh_from_db()
    assert asked.status == "finished"
    assert not any(record.exc_info for record in caplog.records)


def test_the_page_of_an_import_is_told_to_load_anew_when_it_has_failed(asked, bob):
    url = f"/chat/{asked.pk}/"
    part = bob.client.get(url, headers=HTMX)
    assert "<form" not in part.content.decode()
    import_queue._fail(asked, Sentence("Failed with {kind}.", {"kind": "Fault"}))
    assert bob.client.get(url, headers=HTMX)["HX-Refresh"] == "true"
    page = bob.client.get(url).content.decode()
    assert "The import failed." in page
    assert "every 1s" not in page
    assert 'http-equiv="refresh"' not in page


def test_a_checkpoint_that_went_meanwhile_ends_it_with_a_sentence(asked, bob, told_of):
    checkpoint = Chat.objects.get().checkpoint
    Chat.objects.all().delete()
    checkpoint.delete()
    import_execute(key=asked.pk)
    assert "was deleted" in bob.client.get(f"/chat/{asked.pk}/").content.decode()


def test_so_many_may_wait_and_no_more(bob, asked, file):
    for _ in range(import_queue.MOST_WAITING - 1):
        assert upload(bob.client, file).status_code == 302
    answer = upload(bob.client, file)
    assert answer.status_code == 429
    assert "wait for one of them" in str(answer.context["errors"]["file"])


def test_it_comes_along_when_its_guest_becomes_a_member(asked, file, told_of):
    guest = Client()
    key = upload(guest, file)["Location"].split("/")[2]
    password = "a long pass word"
    guest.post(
        "/accounts/signup/", {"username": "dora", "password1": password, "password2": password}
    )
    import_execute(key=UUID(key))
    assert Chat.objects.get(pk=key).owner == Person.objects.get(user__username="dora")


def test_a_file_without_turns_is_a_chat_that_was_not_begun(bob, file):
    document = json.loads(file) | {"turns": [], "head": None}
    answer = upload(bob.client, json.dumps(document).encode())
    page = bob.client.get(answer["Location"]).content.decode()
    assert "A long one" in page
    assert Chat.objects.of(bob.person).count() == 0
