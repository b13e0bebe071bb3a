"""All of one's own data as a file, and its deletion by the person."""

import io
import json
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils import timezone

from memory_app import limits, site_state
from memory_app.core.rates import Rate
from memory_app.models import AuditEntry, Chat, Person, PublicLink, Report, SiteSwitch, Turn
from memory_app.services.operations import erase_deleted, personal_export
from memory_app.services.operations.audit import audit_record
from memory_app.services.operations.personal_data import DataSubject
from tests.conftest import spoken_turn

pytestmark = pytest.mark.django_db(transaction=True)
ZIP, DELETE, YOU = "/accounts/you/data.zip", "/accounts/you/delete/", "/accounts/you/"
SECRET = "Quetzalcoatlus"


@pytest.fixture(autouse=True)
def _none_going(monkeypatch):
    monkeypatch.setattr(personal_export, "_downloads", {})
    monkeypatch.setattr(erase_deleted, "_rewritten", float("-inf"))
    yield
    site_state.reread()


async def pieces(answer) -> list[bytes]:
    return [piece async for piece in answer.streaming_content]


def unpacked(answer) -> dict[str, bytes]:
    assert answer.status_code == 200
    data = b"".join(async_to_sync(pieces)(answer))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def bytes_of_files(word: str) -> int:
    files = [file for file in Path(settings.DATA_DIR).rglob("*") if file.is_file()]
    return sum(file.read_bytes().lower().count(word.lower().encode()) for file in files)


def test_a_member_downloads_exactly_their_own_data(alice, bob, chat, checkpoint):
    turn = spoken_turn(chat, f"I am a {SECRET}", "Hello")
    Chat.objects.create(owner=alice.person, checkpoint=checkpoint, deleted=timezone.now())
    theirs = spoken_turn(Chat.objects.create(owner=bob.person, checkpoint=checkpoint), "Bob", "x")
    audit_record(user=bob.person.user, action="shared_chat.read", object=str(chat.pk))
    answer = alice.client.get(ZIP, {"person": bob.person.pk, "user": "bob"})
    files = unpacked(answer)
    assert 'filename="gatescope-alice.zip"' in answer["Content-Disposition"]
    assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
    assert f"states/{turn.pk}.safetensors" in files
    assert SECRET in files[f"chats/{chat.pk}.json"].decode()
    assert sum(name.startswith("chats/") for name in files) == 2
    assert str(theirs.pk) not in " ".join(files)
    # Who on the staff read the chat isn't for the person to know.
    assert json.loads(files["audit.json"])["about"][0]["username"] == "staff"
    assert b"bob" not in b"".join(files.values()).lower()


def test_a_guest_downloads_too_and_a_stranger_nothing(guest, checkpoint):
    chat = Chat.objects.create(owner=guest.person, checkpoint=checkpoint)
    spoken_turn(chat, "Hi", "x")
    assert f"chats/{chat.pk}.json" in unpacked(guest.client.get(ZIP))
    for method, url in (("get", ZIP), ("get", DELETE), ("post", DELETE)):
        assert getattr(Client(), method)(url).status_code == 404


def test_a_download_comes_in_pieces(alice, chat, monkeypatch):
    """A person with many states costs the memory of a few."""
    monkeypatch.setattr("memory_app.services.operations.zip_stream.PIECE", 1 << 11)
    for number in range(12):
        spoken_turn(chat, f"{number}", "x")
    sizes = [len(piece) for piece in async_to_sync(pieces)(alice.client.get(ZIP))]
    assert len(sizes) > 3
    assert max(sizes) < 1 << 14


def test_one_download_at_a_time_and_only_as_many_as_are_allowed(alice, bob, chat, settings):
    who = DataSubject(alice.person, alice.person.user)
    running = personal_export.person_export_own(who=who)
    next(running)
    answer = alice.client.get(ZIP)
    assert answer.status_code == 409
    assert unpacked(bob.client.get(ZIP))
    running.close()
    settings.LIMITS = {**settings.LIMITS, "exports": {"member": Rate(2, 3600)}}
    limits.forget()
    try:
        assert unpacked(alice.client.get(ZIP))
        assert unpacked(alice.client.get(ZIP))
        assert alice.client.get(ZIP).status_code == 429
    finally:
        limits.forget()


def test_a_stalled_download_keeps_nobody_from_the_next(alice, monkeypatch):
    who = DataSubject(alice.person, alice.person.user)
    stalled = personal_export.person_export_own(who=who)
    next(stalled)
    monkeypatch.setattr(personal_export, "STALLED", 0)
    assert unpacked(alice.client.get(ZIP))


def test_a_member_deletes_everything_by_the_password_alone(alice, bob, chat, checkpoint):
    turn = spoken_turn(chat, f"I am a {SECRET}", SECRET)
    link = PublicLink.objects.create(chat=chat, turn=turn, whole=True)
    other = spoken_turn(Chat.objects.create(owner=bob.person, checkpoint=checkpoint), "Bob", "x")
    Report.objects.create(turn=other, by=alice.person, reason="other", note=SECRET)
    elsewhere = Client()
    elsewhere.force_login(alice.person.user)
    page = alice.client.get(DELETE).content.decode()
    for said in ("can’t be undone", "1 chat", "1 public link", "alice", "Password"):
        assert said in page
    for word in ("", "wrong", "bob-pass-word", "delete"):
        refused = alice.client.post(DELETE, {"password": word, "word": "delete"})
        assert refused.status_code == 200
        assert 'aria-invalid="true"' in refused.content.decode()
    assert Turn.objects.filter(pk=turn.pk).exists()
    answer = alice.client.post(
        DELETE, {"password": "alice-pass-word", "person": bob.person.pk, "user": "bob"}
    )
    assert answer.url == f"{YOU}?deleted=1"
    assert answer["Clear-Site-Data"] == '"storage"'
    assert "Everything of yours is deleted" in alice.client.get(answer.url).content.decode()
    # No guest came of it.
    assert list(Person.objects.values_list("user__username", flat=True)) == ["bob"]
    assert not get_user_model().objects.filter(username="alice").exists()
    assert alice.client.get(f"/chat/{chat.pk}/").status_code == 404
    assert elsewhere.get(YOU).status_code == 302
    assert Client().get(f"/s/{link.token}/").status_code == 404
    assert Turn.objects.get().pk == other.pk
    assert Report.objects.get().note == ""
    # What strangers do fills no log that is kept for ever.
    assert not AuditEntry.objects.exclude(action="staff.log_in_failed").exists()
    if connection.vendor == "sqlite":
        assert bytes_of_files(SECRET) == 0
        assert not (Path(settings.DATA_DIR) / "remains").exists()


def test_a_guest_types_a_word_in_either_language(guest, checkpoint):
    spoken_turn(Chat.objects.create(owner=guest.person, checkpoint=checkpoint), "Hi", "x")
    guest.client.cookies["django_language"] = "zh-hans"
    page = guest.client.get(DELETE).content.decode()
    assert "删除" in page
    assert 'type="password"' not in page
    assert guest.client.post(DELETE, {"word": "yes"}).status_code == 200
    assert Turn.objects.count() == 1
    assert guest.client.post(DELETE, {"word": " 删除 "}).status_code == 302
    assert not Person.objects.exists()
    assert Turn.objects.count() == 0
    assert Client().get(f"{YOU}?deleted=1").status_code == 200


def test_wrong_passwords_count_as_failed_log_ins(alice, settings):
    settings.LIMITS = {**settings.LIMITS, "logins": {"address": Rate(4, 3600)}}
    limits.forget()
    try:
        words = {"old_password": "wrong", "new_password1": "x", "new_password2": "y"}
        for _ in range(2):
            assert alice.client.post(DELETE, {"password": "wrong"}).status_code == 200
            assert alice.client.post(YOU, words).status_code == 200
        assert alice.client.post(DELETE, {"password": "alice-pass-word"}).status_code == 429
        assert alice.client.post(YOU, words).status_code == 429
        assert get_user_model().objects.filter(username="alice").exists()
    finally:
        limits.forget()


def test_a_guessed_name_is_locked_here_as_at_the_log_in(alice, settings):
    settings.AXES_ENABLED, settings.AXES_FAILURE_LIMIT = True, 3
    for _ in range(3):
        answer = alice.client.post(DELETE, {"password": "wrong"})
    assert answer.status_code == 429
    alice.client.post(DELETE, {"password": "alice-pass-word"})
    assert get_user_model().objects.filter(username="alice").exists()


def test_staff_stay_accountable(alice):
    user = alice.person.user
    user.is_staff = True
    user.save()
    assert "on the staff" in alice.client.get(DELETE).content.decode()
    alice.client.post(DELETE, {"password": "alice-pass-word"})
    assert get_user_model().objects.filter(username="alice").exists()


def test_data_can_be_had_and_deleted_while_the_site_is_read_only(alice, chat):
    SiteSwitch.objects.create(read_only=True)
    site_state.reread()
    assert alice.client.post(f"/chat/{chat.pk}/rename/", {"title": "x"}).status_code == 503
    assert unpacked(alice.client.get(ZIP))
    assert alice.client.post(DELETE, {"password": "alice-pass-word"}).status_code == 302
    assert not Chat.objects.exists()


def test_what_cannot_be_overwritten_now_is_overwritten_within_the_hour(alice, bob, monkeypatch):
    """A large database, or one that was rewritten a moment ago, is left to the purge."""
    due = Path(settings.DATA_DIR) / "remains"
    assert alice.client.post(DELETE, {"password": "alice-pass-word"}).status_code == 302
    assert due.exists() == (connection.vendor != "sqlite")
    assert bob.client.post(DELETE, {"password": "bob-pass-word"}).status_code == 302
    assert due.exists()
    monkeypatch.setattr(erase_deleted, "SMALL", -1)
    if connection.vendor == "sqlite":
        erase_deleted.remains_finish()
        assert due.exists()
    monkeypatch.undo()
    erase_deleted.remains_finish()
    assert not due.exists()


def test_the_ids_of_a_name_or_a_path_are_not_read(alice, bob):
    for url in (f"{YOU}{bob.person.pk}/data.zip", f"{YOU}bob/delete/", f"{YOU}data.zip/{uuid4()}"):
        assert alice.client.get(url).status_code == 404
