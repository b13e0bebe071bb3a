"""Reports: from a turn or a public link to the staff's queue, and what they may do."""

import re

import pytest
from django.test import Client

from memory_app import services
from memory_app.models import AuditEntry, PublicLink, Report
from tests.conftest import spoken_turn

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def turn(chat):
    spoken_turn(chat, "Never to be read", "Hidden")
    chat.refresh_from_db()
    return spoken_turn(chat, "Something bad", "Worse")


@pytest.fixture
def desk(django_user_model):
    user = django_user_model.objects.create_superuser("dora", password="dora-pass-word")
    client = Client()
    client.force_login(user)
    return client


def test_a_report_reaches_the_queue_with_that_turn_alone(alice, turn, desk):
    url = f"/turn/{turn.pk}/report/"
    assert "nothing else of the chat" in alice.client.get(url).content.decode()
    assert alice.client.post(url, {"reason": "nonsense"}).status_code == 400
    assert not Report.objects.exists()
    for note in ("first", "again\x00\n<b>"):
        answer = alice.client.post(url, {"reason": "harmful", "note": note})
        assert "Thank you" in answer.content.decode()
    assert Report.objects.count() == 1  # the same person's replaces it
    page = desk.get("/admin/reports/").content.decode()
    assert "Something bad" in page
    assert "again &lt;b&gt;" in page
    assert "Never to be read" not in page
    assert AuditEntry.objects.filter(action="report.read", object=str(turn.pk)).exists()
    tile = r"Open reports</dt><dd>(\d+)</dd>"
    for path in ("/admin/", "/admin/live/"):
        assert re.search(tile, desk.get(path).content.decode())[1] == "1"
    report = Report.objects.get()
    assert desk.post(f"/admin/reports/{report.pk}/close/").status_code == 302
    assert "No open reports" in desk.get("/admin/reports/").content.decode()
    assert desk.post(f"/admin/reports/{report.pk}/close/").status_code == 404
    assert re.search(tile, desk.get("/admin/").content.decode())[1] == "0"


def test_what_a_public_link_shows_can_be_reported_and_taken_away(alice, chat, turn, desk):
    chat.refresh_from_db()
    link = services.link_open(chat=chat)
    stranger = Client()
    page = stranger.get(f"/s/{link.token}/").content.decode()
    assert f"/s/{link.token}/report/" in page
    for _ in range(8):
        answer = stranger.post(f"/s/{link.token}/report/", {"reason": "private"})
        assert answer.status_code == 200
    assert Report.objects.count() == 5  # more say nothing new
    report = Report.objects.first()
    desk.post(f"/admin/reports/{report.pk}/close/", {"links": "1"})
    assert not PublicLink.objects.exists()
    assert not Report.objects.filter(closed=None).exists()
    assert stranger.get(f"/s/{link.token}/report/").status_code == 404


def test_any_turn_that_a_link_shows_can_be_reported_and_no_other(alice, chat, turn, desk):
    second = spoken_turn(chat, "My <b>secret</b>", "I see.")
    link = services.link_open(chat=chat)
    later = spoken_turn(chat, "Not shown", "No.")
    stranger, url = Client(), f"/s/{link.token}/report/"
    form = stranger.get(url).content.decode()
    assert re.findall(r'<option value="([^"]*)"', form)[1:] == [str(turn.pk), str(second.pk)]
    assert f'value="{second.pk}" selected' in form
    assert "My &lt;b&gt;secret&lt;/b&gt;" in form
    assert "Not shown" not in form
    assert stranger.post(url, {"reason": "private", "turn": str(turn.pk)}).status_code == 200
    assert Report.objects.get().turn_id == turn.pk
    for foreign in (str(later.pk), "nothing"):
        assert stranger.post(url, {"reason": "private", "turn": foreign}).status_code == 404
    assert f"/s/{link.token}/" in desk.get("/admin/reports/").content.decode()
    services.link_revoke(chat=chat)
    assert "has no public link" in desk.get("/admin/reports/").content.decode()


def test_a_report_goes_with_its_chat(alice, chat, turn):
    alice.client.post(f"/turn/{turn.pk}/report/", {"reason": "other"})
    chat.delete()
    assert not Report.objects.exists()
