"""Guessing passwords: the guesser waits, and the owner doesn't."""

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client

from memory_app import limits
from memory_app.core.rates import Rate
from memory_app.log_in_guard import attempts_purge

pytestmark = pytest.mark.django_db(transaction=True)
RIGHT = {"username": "dora", "password": "dora-pass-word"}
WRONG = {"username": "dora", "password": "a guess of mine"}


@pytest.fixture(autouse=True)
def guarded(settings):
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 3
    User.objects.create_superuser("dora", password="dora-pass-word")


def client(address="192.0.2.1"):
    return Client(REMOTE_ADDR=address)


@pytest.mark.parametrize("page", ["/accounts/login/", "/admin/login/"])
def test_a_guesser_is_locked_out_and_the_owner_is_not(page):
    guesser = client()
    for _ in range(2):
        assert guesser.post(page, WRONG).status_code == 200
    answer = guesser.post(page, WRONG)
    assert answer.status_code == 429
    assert "15 minutes" in answer.content.decode()
    assert answer["Retry-After"] == "900"
    # The right password doesn't help the guesser, nor do other cookies, nor another browser.
    assert client().post(page, RIGHT).status_code == 429
    # The owner comes from elsewhere, and other people from the guesser's network.
    assert client("198.51.100.9").post(page, RIGHT).status_code == 302
    User.objects.create_user("alice", password="alice-pass-word", is_staff=True)
    alice = {"username": "alice", "password": "alice-pass-word"}
    assert client().post(page, alice).status_code == 302


def test_an_address_of_the_same_network_is_no_way_out():
    for number in range(3):
        client(f"2001:db8::{number + 1}").post("/accounts/login/", WRONG)
    assert client("2001:db8::77").post("/accounts/login/", RIGHT).status_code == 429
    assert client("2001:db8:0:1::1").post("/accounts/login/", RIGHT).status_code == 302


def test_a_log_in_clears_the_count():
    own = client()
    for _ in range(2):
        own.post("/accounts/login/", WRONG)
    assert own.post("/accounts/login/", RIGHT).status_code == 302
    for _ in range(2):
        assert client().post("/accounts/login/", WRONG).status_code == 200


def test_many_names_from_one_address_are_throttled(settings):
    settings.LIMITS = {kind: {} for kind in limits.KINDS} | {"logins": {"address": Rate(4, 3600)}}
    limits.forget()
    try:
        for number in range(4):
            guess = {"username": f"user{number}", "password": "password"}
            assert client().post("/accounts/login/", guess).status_code == 200
        answer = client().post("/accounts/login/", RIGHT, HTTP_ACCEPT="text/html")
        assert answer.status_code == 429
        assert "Too many log-ins failed" in answer.content.decode()
        assert client("198.51.100.9").post("/accounts/login/", RIGHT).status_code == 302
    finally:
        settings.LIMITS = {kind: {} for kind in limits.KINDS}
        limits.forget()


def test_no_password_is_kept_and_the_rest_only_for_a_day():
    client().post("/accounts/login/", WRONG)
    [row] = AccessAttempt.objects.values()
    assert "guess" not in str(row)
    attempts_purge()
    assert AccessAttempt.objects.exists()
    AccessAttempt.objects.update(attempt_time="2020-01-01T00:00:00Z")
    attempts_purge()
    assert not AccessAttempt.objects.exists()
