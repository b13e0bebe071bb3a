"""A full disk and a database that is away: one sentence, nothing lost, and over by itself."""

import errno
import sqlite3
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from memory_app import outages
from memory_app.services.chat import pending_chats
from memory_app.views import front

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
]


@pytest.fixture
def full(alice) -> Iterator[Callable[[], None]]:
    """Lets this connection's database grow no more: SQLite's own "database or disk is full"."""
    if connection.vendor != "sqlite":
        pytest.skip("SQLite's limit")

    def limit(pages: int) -> None:
        with connection.cursor() as cursor:
            # Pages that earlier tests left free would take rows for a long time.
            cursor.execute("VACUUM")
            cursor.execute(f"PRAGMA max_page_count = {pages}")

    # An answer is looked at here, not what was raised behind it.
    alice.client.raise_request_exception = False
    yield lambda: limit(1)  # never below what is there
    limit(1 << 30)


def test_a_full_disk_is_named_and_what_is_stored_stays(alice, checkpoint, full):
    full()
    # Free pages take some rows yet.
    answers = [alice.client.post("/chat/").status_code for _ in range(400)]
    assert set(answers) == {302, 503}
    refused = alice.client.post("/chat/")
    assert refused.status_code == 503
    assert "disk is full" in refused.content.decode()
    assert refused["Retry-After"]
    told = alice.client.post("/chat/", headers={"accept": "application/json"}).json()
    assert told["error"]["code"] == "unavailable"
    assert "disk is full" in told["error"]["detail"]
    chinese = alice.client.post("/chat/", headers={"accept-language": "zh-hans"}).content.decode()
    assert "磁盘" in chinese
    # A stranger's first page needs rows too; what is there can still be read.
    first = [Client(raise_request_exception=False).get("/") for _ in range(200)][-1]
    assert first.status_code == 503
    assert "disk is full" in first.content.decode()
    assert alice.client.get("/chats/").status_code == 200
    # Each that was answered is there, as far as so many are kept before anything is said.
    alice.person.refresh_from_db()
    assert len(alice.person.pending) == min(pending_chats.MOST, answers.count(302))


def test_it_is_over_by_itself(alice, checkpoint, full):
    full()
    answers = [alice.client.post("/chat/").status_code for _ in range(400)]
    assert 503 in answers
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA max_page_count = {1 << 30}")
    assert alice.client.post("/chat/").status_code == 302
    assert Client().get("/").status_code == 200


class _Full(Exception):
    sqlstate = "53100"


def _wrapped(cause: Exception) -> OperationalError:
    fault = OperationalError(str(cause))
    fault.__cause__ = cause
    return fault


def _sqlite_full() -> Exception:
    cause = sqlite3.OperationalError("database or disk is full")
    cause.sqlite_errorcode = sqlite3.SQLITE_FULL
    return _wrapped(cause)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (_sqlite_full(), outages.FULL),
        (_wrapped(_Full()), outages.FULL),
        (OSError(errno.ENOSPC, "No space left on device"), outages.FULL),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), outages.FULL),
        (OperationalError("connection refused"), outages.AWAY),
        (InterfaceError("connection already closed"), outages.AWAY),
        (OSError(errno.ENOENT, "No such file"), None),
        (ValueError("a fault of ours"), None),
    ],
)
def test_each_outage_has_its_sentence_and_a_fault_of_ours_has_none(monkeypatch, fault, told):
    assert outages.sentence(fault) is told

    def broken(*args: object, **facts: object) -> None:
        raise fault

    monkeypatch.setattr(front.services, "person_ensure", broken)
    client = Client(raise_request_exception=False)
    answer = client.get("/")
    assert answer.status_code == (503 if told else 500)
    assert (str(told) in answer.content.decode()) is (told is not None)


def test_the_page_of_an_outage_offers_the_same_address_again_in_the_visitors_theme(monkeypatch):
    def away(*args: object, **facts: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(front.services, "person_ensure", away)
    client = Client(raise_request_exception=False)
    client.cookies["theme"] = "dark"
    page = client.get("/?a=1&b=2").content.decode()
    assert '<a class="button main" href="/?a=1&amp;b=2">Try again</a>' in page
    assert 'data-theme="dark"' in page
    # What a form has sent isn't sent again by a link.
    assert "Try again" not in client.post("/chat/").content.decode()


def test_a_disk_without_room_explains_what_sqlite_calls_otherwise(monkeypatch):
    fault = OperationalError("unable to open database file")
    assert outages.sentence(fault) is outages.AWAY
    monkeypatch.setattr(outages, "LEAST", 1 << 70)
    assert outages.sentence(fault) is outages.FULL


async def test_the_socket_says_it_too(open_socket, alice, chat, monkeypatch):
    from memory_app import services

    def broken(**facts: object) -> None:
        raise _sqlite_full()

    monkeypatch.setattr(services, "turn_begin", broken)
    socket = await open_socket(alice, chat)
    await socket.send("turn.send", client_turn_id=uuid4(), text="Hello")
    told = await socket.next()
    assert (told["type"], told["code"]) == ("error", "unavailable")
    assert "disk is full" in told["detail"].replace("’", "'")
