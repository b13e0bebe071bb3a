"""Guests are made by the front page alone; their chats come along when they become members."""

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from memory_app import services
from memory_app.models import Chat, Person
from tests.conftest import stored

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "a-long-pass-phrase"


@pytest.fixture
def guest(checkpoint):
    client = Client()
    client.get("/")
    return client


def person_of(client: Client) -> Person | None:
    return services.person_of_session(client.cookies[settings.SESSION_COOKIE_NAME].value)


def new_chat(client: Client) -> Chat:
    response = client.post("/chat/")
    assert response.status_code == 302
    chat = stored(response["Location"].split("/")[2])
    assert response["Location"] == f"/chat/{chat.pk}/"
    return chat


def test_the_front_page_makes_a_guest_once(guest):
    first = person_of(guest)
    assert first.user is None
    guest.get("/")
    assert person_of(guest) == first
    assert Person.objects.count() == 1
    assert "csrftoken" in guest.cookies
    assert guest.cookies[settings.SESSION_COOKIE_NAME]["httponly"]
    assert guest.cookies[settings.SESSION_COOKIE_NAME]["samesite"] == "Lax"


@pytest.mark.parametrize("page", ["/chats/", "/accounts/login/", "/healthz", "/nowhere/"])
def test_other_pages_make_nobody(checkpoint, page):
    Client().get(page)
    assert Person.objects.count() == 0
    assert SessionStore.get_model_class().objects.count() == 0


def test_a_guests_chats_come_along_at_the_sign_up(guest):
    chat, before = new_chat(guest), person_of(guest)
    answers = {"username": "dora", "password1": PASSWORD, "password2": PASSWORD}
    assert guest.post("/accounts/signup/", answers).status_code == 302
    member = person_of(guest)
    assert member.user.username == "dora"
    chat.refresh_from_db()
    assert chat.owner == member
    assert not Person.objects.filter(pk=before.pk).exists()
    assert guest.get(f"/chat/{chat.pk}/turns.json").status_code == 200


def test_a_guests_chats_come_along_at_the_log_in(guest):
    user = get_user_model().objects.create_user("dora", password=PASSWORD)
    other = Client()
    other.force_login(user)
    old = Chat.objects.create(owner=person_of(other), checkpoint=new_chat(guest).checkpoint)
    guest.post("/accounts/login/", {"username": "dora", "password": PASSWORD})
    assert Chat.objects.of(Person.objects.get(user=user)).count() == 2
    assert person_of(guest) == old.owner


def test_a_failed_log_in_moves_nothing(guest):
    get_user_model().objects.create_user("dora", password=PASSWORD)
    chat, before = new_chat(guest), person_of(guest)
    guest.post("/accounts/login/", {"username": "dora", "password": "wrong"})
    assert person_of(guest) == before
    assert Chat.objects.get().pk == chat.pk


def test_a_member_never_takes_over_another_member(alice, bob, chat):
    services.person_merge(guest=alice.person, member=bob.person)
    chat.refresh_from_db()
    assert chat.owner == alice.person


def test_after_a_log_out_the_browser_is_a_strangers(guest):
    chat = new_chat(guest)
    answers = {"username": "dora", "password1": PASSWORD, "password2": PASSWORD}
    guest.post("/accounts/signup/", answers)
    cookie = guest.cookies[settings.SESSION_COOKIE_NAME].value
    guest.post("/accounts/logout/")
    assert services.person_of_session(cookie) is None
    assert guest.get(f"/chat/{chat.pk}/turns.json").status_code == 404
    guest.get("/")
    assert person_of(guest).user is None


@pytest.mark.parametrize("key", [None, "", "x", "0" * 32, "a" * 10_000, "ä", "\0"])
def test_a_session_key_that_is_none_is_nobodys(checkpoint, key):
    assert services.person_of_session(key) is None


@pytest.mark.parametrize("value", [None, 1, "x", "", [], "7b0c9a52-6c1a-4f4e-9d43-1f3f3c9b1a11"])
def test_a_session_that_names_no_guest_is_nobodys(checkpoint, value):
    store = SessionStore()
    store["person"] = value
    store.save()
    assert services.person_of_session(store.session_key) is None


def test_an_account_from_the_command_line_has_a_person_when_it_first_asks(checkpoint):
    user = get_user_model().objects.create_superuser("root", password=PASSWORD)
    client = Client()
    client.force_login(user)
    chat = new_chat(client)
    assert chat.owner.user == user


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("  A  title\n", "A title"), ("", ""), ("x" * 500, "x" * 200), ("a\0b\x1b[31m", "a b [31m"),
        ("<b>&</b>", "<b>&</b>"), ("你好 🐈", "你好 🐈"),
    ],
)  # fmt: skip
def test_a_title_is_one_line(chat, title, kept):
    services.chat_rename(chat=chat, title=title)
    chat.refresh_from_db()
    assert chat.title == kept


def test_a_chat_for_study_or_without_a_live_model_is_refused(alice, checkpoint, tmp_path):
    from memory_app import registry
    from memory_app.models import Checkpoint
    from tests.conftest import make_checkpoint

    make_checkpoint(tmp_path / "study", cell="tanh_rnn")
    study = registry.register(tmp_path / "study")
    with pytest.raises(services.NotForChat):
        services.chat_create(person=alice.person, checkpoint=study)
    answer = alice.client.post("/chat/", {"checkpoint": str(study.pk)})
    assert answer.status_code == 400
    assert "for study" in answer.content.decode()
    Checkpoint.objects.update(live=False)
    with pytest.raises(services.NoCheckpoint):
        services.chat_create(person=alice.person)
