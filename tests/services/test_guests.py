"""Guests: what they may keep, and that they go for good."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from memory_app import services
from memory_app.models import Chat, Person, SearchChunk, SearchSignature, Turn
from memory_app.refusal import Refused
from memory_app.services.chat.guests import guests_purge
from memory_app.services.operations.cleanup import leftovers_purge
from tests.conftest import spoken_turn

pytestmark = pytest.mark.django_db(transaction=True)


def old(person, days):
    Person.objects.filter(pk=person.pk).update(seen=timezone.now() - timedelta(days=days))


def test_a_guest_who_stays_away_goes_with_everything(guest, alice, chat, checkpoint, settings):
    settings.GUEST_DAYS = 7
    own = Chat.objects.create(owner=guest.person, checkpoint=checkpoint)
    spoken_turn(own, "My name is Xanthippe", "Hello")
    kept = spoken_turn(chat, "I stay", "Fine")
    fresh = Person.objects.create()
    old(guest.person, 8)
    old(alice.person, 800)  # a member
    old(fresh, 6)
    assert guests_purge() == 1
    assert set(Person.objects.values_list("pk", flat=True)) == {alice.person.pk, fresh.pk}
    assert [turn.pk for turn in Turn.objects.all()] == [kept.pk]
    for rows in (SearchChunk, SearchSignature):
        assert set(rows.objects.values_list("chat", flat=True).distinct()) <= {chat.pk}
    assert guests_purge() == 0


def test_nobody_goes_where_it_is_off_and_a_log_in_keeps_all(guest, checkpoint, settings):
    old(guest.person, 8000)
    settings.GUEST_DAYS = 0
    assert guests_purge() == 0
    settings.GUEST_DAYS = 7
    form = {"username": "gus", "password1": "correct-horse-9", "password2": "correct-horse-9"}
    Chat.objects.create(owner=guest.person, checkpoint=checkpoint)
    guest.client.post("/accounts/signup/", form)
    leftovers_purge()
    assert Chat.objects.get().owner.user.username == "gus"


def test_a_reply_of_a_guest_who_went_ends_quietly(guest, checkpoint, settings):
    settings.GUEST_DAYS = 7
    own = Chat.objects.create(owner=guest.person, checkpoint=checkpoint)
    begun = services.turn_begin(chat=own, client_turn_id=uuid4(), text="Hi")
    old(guest.person, 8)
    assert guests_purge() == 1
    with pytest.raises(services.TurnGone):
        services.turn_commit(
            turn=begun.turn, model=begun.model, before=begun.before, reply_ids=[5],
            reply_text="x", status="complete",
        )  # fmt: skip


def test_a_guest_has_a_bounded_number_of_chats_and_turns(guest, alice, chat, checkpoint, settings):
    settings.GUEST_CHATS, settings.GUEST_TURNS = 2, 2
    own = Chat.objects.create(owner=guest.person, checkpoint=checkpoint)
    for _ in range(2):
        turn = spoken_turn(Chat.objects.get(pk=own.pk), "Hi", "Hello")
    with pytest.raises(Refused) as turns:
        services.turn_begin(chat=own, client_turn_id=uuid4(), text="More")
    assert turns.value.code == "quota"
    assert guest.client.post("/chat/").status_code == 302
    Chat.objects.create(owner=guest.person, checkpoint=checkpoint)
    answer = guest.client.post("/chat/", HTTP_ACCEPT="text/html")
    assert answer.status_code == 429
    assert "A guest may have 2 chats" in answer.content.decode()
    assert guest.client.post(f"/turn/{turn.pk}/fork/").status_code == 429
    for _ in range(3):  # a member's aren't bounded
        spoken_turn(Chat.objects.get(pk=chat.pk), "Hi", "Hello")
        assert alice.client.post("/chat/").status_code == 302
