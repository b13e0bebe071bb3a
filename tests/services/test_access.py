"""What many sockets may see, asked at once, is what each may see by itself."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from memory_app import services
from memory_app.models import Chat
from memory_app.services.chat.access import chat_of_session, chats_of_sessions

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stage(alice, bob, guest, chat, checkpoint):
    """Every session on every chat, and some that aren't there."""
    own = {
        "alice": chat.pk,
        "bob": Chat.objects.create(owner=bob.person, checkpoint=checkpoint).pk,
        "guest": Chat.objects.create(owner=guest.person, checkpoint=checkpoint).pk,
    }
    # A chat that was opened and has no message has no row.
    opened = alice.client.post("/chat/").url.rstrip("/").rpartition("/")[2]
    again = Client()
    again.force_login(alice.person.user)
    cookies = [player.cookie for player in (alice, bob, guest)]
    cookies.append(again.cookies["sessionid"].value)
    sessions = [*cookies, "no-such-session", "", None]
    keys = [*own.values(), type(chat.pk)(opened), uuid4()]
    return [(session, key) for session in sessions for key in keys]


def seen(answers):
    return {
        pair: None if row is None else (row.pk, row.owner_id, row.checkpoint_id, row.head_id)
        for pair, row in answers.items()
    }


def alike(pairs) -> int:
    """How many may be seen, by both ways."""
    one_by_one = seen({pair: chat_of_session(pair) for pair in pairs})
    assert seen(chats_of_sessions(pairs)) == one_by_one
    return sum(value is not None for value in one_by_one.values())


def test_each_sees_its_own_and_nothing_else(stage):
    # Alice has two browsers, and two chats.
    assert alike(stage) == 2 * 2 + 1 + 1


def _new_password(user):
    user.set_password("another-pass-word")
    user.save()


def _banned(user):
    user.is_active = False
    user.save()


def _expired(user):
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))


def _logged_out(user):
    Session.objects.all().delete()


def _spoilt(user):
    Session.objects.update(session_data="x")


@pytest.mark.parametrize("end", [_new_password, _banned, _expired, _logged_out, _spoilt])
def test_an_ended_session_sees_nothing(stage, alice, end):
    end(alice.person.user)
    assert alike(stage) == (2 if end in (_new_password, _banned) else 0)


def test_an_erased_member_and_a_deleted_chat_are_seen_by_nobody(stage, alice, bob, chat):
    services.chat_delete(chat=chat)
    assert alike(stage) == 4
    bob.person.user.delete()
    assert alike(stage) == 3


def test_a_guest_who_became_a_member_is_none_by_the_old_cookie(stage, guest, bob):
    services.person_merge(guest=guest.person, member=bob.person)
    assert alike(stage) == 2 * 2 + 2


def test_more_sockets_cost_no_more_queries(alice, bob, guest, checkpoint):
    pairs = []
    counts = []
    for _ in range(2):
        for player in (alice, bob, guest):
            for _ in range(5):
                chat = Chat.objects.create(owner=player.person, checkpoint=checkpoint)
                pairs.append((player.cookie, chat.pk))
            opened = player.client.post("/chat/").url.rstrip("/").rpartition("/")[2]
            pairs.append((player.cookie, type(chat.pk)(opened)))
        with CaptureQueriesContext(connection) as queries:
            assert all(chats_of_sessions(pairs).values())
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6
