"""Guests are alive by whatever page they come back by, and lose no chat without a word."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from memory_app.models import Chat, Person
from memory_app.services.chat import persons

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = timedelta(days=60)


@pytest.fixture
def guest(checkpoint):
    client = Client()
    client.get("/")
    client.person = Person.objects.get(user=None)
    client.chat = Chat.objects.create(owner=client.person, checkpoint=checkpoint, title="Mine")
    return client


def age(client):
    Person.objects.update(seen=timezone.now() - LONG_AGO)


PATHS = ["/", "/chats/", "/about/memory/", "/accounts/", "/chat/{}/", "/chat/{}/turns.json",
         "/chat/{}/memory.json", "/chat/{}/export.md", "/chat/{}/menu/"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_any_page_renews_a_guests_cookie_once_a_day(guest, path):
    age(guest)
    answer = guest.get(path.format(guest.chat.pk))
    assert answer.status_code == 200
    assert settings.SESSION_COOKIE_NAME in answer.cookies
    assert timezone.now() - Person.objects.get().seen < timedelta(minutes=1)
    assert settings.SESSION_COOKIE_NAME not in guest.get(path.format(guest.chat.pk)).cookies


def test_each_browser_of_a_member_is_renewed_by_itself(alice):
    first, second = alice.client, Client()
    second.force_login(alice.person.user)
    for client in (first, second):
        assert settings.SESSION_COOKIE_NAME in client.get("/chats/").cookies
        assert settings.SESSION_COOKIE_NAME not in client.get("/chats/").cookies
    session = second.session
    session[persons.RENEWED_KEY] -= 2 * 86400
    session.save()
    assert settings.SESSION_COOKIE_NAME not in first.get("/chats/").cookies
    assert settings.SESSION_COOKIE_NAME in second.get("/chats/").cookies


def test_a_page_is_read_while_the_database_cannot_be_written(guest, monkeypatch):
    age(guest)

    def locked(*args, **kwargs):
        raise OperationalError("database is locked")

    monkeypatch.setattr("django.db.models.query.QuerySet.update", locked)
    assert guest.get(f"/chat/{guest.chat.pk}/").status_code == 200


def test_a_guest_who_would_lose_chats_is_asked_before_a_log_out(guest):
    answer = guest.post(reverse("logout"))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "it can’t be opened again" in page
    assert reverse("signup") in page
    assert guest.get(f"/chat/{guest.chat.pk}/").status_code == 200
    assert guest.post(reverse("logout"), {"leave_chats": "1"}).status_code == 302
    assert guest.get(f"/chat/{guest.chat.pk}/").status_code == 404


def test_a_member_and_a_guest_without_chats_are_not_asked(alice, chat):
    assert alice.client.post(reverse("logout")).status_code == 302
    assert alice.client.get(f"/chat/{chat.pk}/").status_code == 404
    alice.client.get("/")
    assert alice.client.post(reverse("logout")).status_code == 302


def test_the_account_part_tells_who_asks_and_makes_nobody(alice, guest):
    for client, who in ((alice.client, alice.person), (guest, guest.person), (Client(), None)):
        page = client.get(reverse("account")).content.decode()
        assert f'data-person="{who.pk if who else ""}"' in page
        assert ("Log out" in page) == (client is alice.client)
    assert Person.objects.count() == 2
