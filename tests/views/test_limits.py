"""Limits as a visitor meets them: pages, JSON, the socket, the composer."""

import asyncio
from uuid import uuid4

import pytest
from django.test import AsyncClient, Client
from django.urls import get_resolver

from memory_app import limits, policy
from memory_app.core.rates import Rate
from memory_app.models import Chat, Person
from tests.conftest import spoken_turn

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def allow(settings):
    """`allow(kind=…)` sets limits; there are none before."""

    def change(**kinds):
        settings.LIMITS = {kind: {} for kind in limits.KINDS} | kinds
        limits.forget()

    change()
    yield change
    change()


def test_every_route_that_computes_has_a_limit():
    """Whoever adds a route has to say what bounds it, or that it only reads rows."""
    reads = {
        *("chat", "chat_rename", "chat_delete", "chat_restore", "chat_share", "chat_pin"),
        *("chat_share_public", "chat_archive", "chat_menu", "turns_json", "turn", "turn_share"),
        "reply",
    }
    for row in policy.ROWS:
        if row.kind == "http" and row.policy == policy.OWNER:
            assert bool(row.limit) != (row.name in reads), row
        assert not row.limit or row.limit in limits.KINDS
    talk = {row.name for row in policy.ROWS if row.kind == "ws" and row.limit}
    assert {"turn.send", "turn.regenerate", "turn.edit", "memory.forget"} <= talk
    assert get_resolver()


def test_a_forgotten_cookie_makes_no_new_guest_beyond_the_limit(allow, checkpoint):
    allow(guests={"address": Rate(3, 3600)})
    for _ in range(3):
        assert Client().get("/").status_code == 200
    count = Person.objects.count()
    answer = Client().get("/")
    assert answer.status_code == 429
    assert "Too many new visitors" in answer.content.decode()
    assert Person.objects.count() == count
    assert Client().post("/chat/").status_code == 429
    # Who is a guest already goes on.
    assert Client(REMOTE_ADDR="198.51.100.7").get("/").status_code == 200


def test_new_chats_and_forks_are_one_limit(allow, alice, chat):
    turn = spoken_turn(chat, "Hello", "Hi")
    allow(chats={"member": Rate(2, 3600)})
    assert alice.client.post("/chat/").status_code == 302
    assert alice.client.post(f"/turn/{turn.pk}/fork/").status_code == 302
    page = alice.client.post(f"/turn/{turn.pk}/fork/", HTTP_ACCEPT="text/html")
    assert page.status_code == 429
    assert int(page["Retry-After"]) > 1700
    assert "new chats" in page.content.decode()
    answer = alice.client.post(f"/turn/{turn.pk}/fork/", HTTP_ACCEPT="application/json")
    assert answer.status_code == 429
    error = answer.json()["error"]
    assert error["code"] == "rate_limited"
    assert error["until"].startswith("20")
    assert Chat.objects.count() == 2


def test_a_trace_costs_its_tokens_once(allow, alice, chat):
    turn = spoken_turn(chat, "Hello there", "Hi")
    allow(traces={"member": Rate(turn.tokens, 86400)})
    address = f"/turn/{turn.pk}/map.safetensors?gate=f&layer=0"
    assert alice.client.get(address).status_code == 200
    answer = alice.client.get(f"/turn/{turn.pk}/trace.safetensors")
    assert answer.status_code == 429
    allow(traces={"member": Rate(turn.tokens * 2, 86400)})
    for _ in range(4):  # it is kept now, and costs nothing
        assert alice.client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("kind", "route"),
    [
        ("exports", "/chat/{chat}/export.json"), ("exports", "/chat/{chat}/export.md"),
        ("inspections", "/chat/{chat}/ledger.json"), ("inspections", "/chat/{chat}/gauge.json"),
        ("inspections", "/turn/{turn}/sources.json?token=0&effect=1"),
        ("traces", "/turn/{turn}/gates.json"), ("traces", "/turn/{turn}/unit.json?layer=0&unit=0"),
    ],
)  # fmt: skip
def test_what_is_looked_at_is_limited(allow, alice, chat, kind, route):
    spoken_turn(chat, f"My name is {uuid4()}", "Hi")
    turn = spoken_turn(Chat.objects.get(pk=chat.pk), f"And {uuid4()}", "Hi there")
    allow(**{kind: {"member": Rate(1, 86400)}})
    url = route.format(chat=chat.pk, turn=turn.pk)
    assert alice.client.get(url).status_code == 200
    assert alice.client.get(url).status_code == 429


def test_only_accounts_that_were_made_count(allow):
    allow(signups={"address": Rate(1, 3600)})
    bad = {"username": "eve", "password1": "x", "password2": "y"}
    good = {"username": "eve", "password1": "correct-horse-9", "password2": "correct-horse-9"}
    for _ in range(3):
        assert Client().post("/accounts/signup/", bad).status_code == 200
    assert Client().post("/accounts/signup/", good).status_code == 302
    again = {**good, "username": "eve2"}
    assert Client().post("/accounts/signup/", again, HTTP_ACCEPT="text/html").status_code == 429


async def test_the_socket_says_what_is_used_and_when_it_ends(allow, open_socket, alice, chat):
    allow(messages={"member": Rate(2, 3600)})
    socket = await open_socket(alice, chat)
    assert (await socket.next())["messages"]["used"] == 0
    for used in (1, 2):
        await socket.send(
            "turn.send", client_turn_id=uuid4(), text="Hi", sampling={"max_tokens": 1}
        )
        frames = await socket.until("turn.finished")
        [told] = [frame["messages"] for frame in frames if frame["type"] == "limits"]
        assert (told["used"], told["most"], told["seconds"]) == (used, 2, 3600)
    key = uuid4()
    await socket.send("turn.send", client_turn_id=key, text="Hi")
    error = await socket.next()
    assert error["type"] == "error"
    assert error["code"] == "rate_limited"
    assert error["client_turn_id"] == str(key)
    assert "Send again in" in error["detail"]
    assert error["until"]
    await socket.send("ping")
    assert (await socket.next())["type"] == "pong"


async def test_a_message_sent_again_costs_nothing(allow, open_socket, alice, chat):
    allow(messages={"member": Rate(1, 3600)})
    socket = await open_socket(alice, chat)
    await socket.next()
    key = uuid4()
    for _ in range(3):
        await socket.send("turn.send", client_turn_id=key, text="Hi", sampling={"max_tokens": 1})
        await socket.until("turn.finished")


async def test_the_tokens_of_a_reply_are_paid(allow, open_socket, alice, chat):
    allow(ids={"member": Rate(30, 86400)})
    socket = await open_socket(alice, chat)
    await socket.say("Hi", max_tokens=40, min_tokens=40)
    await socket.send("turn.send", client_turn_id=uuid4(), text="Hi")
    error = await socket.next()
    assert error["code"] == "rate_limited"
    assert "tokens" in error["detail"]


def test_the_composer_shows_what_is_used(allow, alice, chat):
    page = alice.client.get(f"/chat/{chat.pk}/").content.decode()
    assert 'id="used"></p>' in page
    allow(messages={"member": Rate(60, 3600)})
    page = alice.client.get(f"/chat/{chat.pk}/").content.decode()
    assert "0 of 60 messages this hour" in page


def test_the_dashboard_changes_limits_live(allow, alice, chat, django_user_model):
    user = django_user_model.objects.create_superuser("dora", password="dora-pass-word")
    desk = Client()
    desk.force_login(user)
    fields = {"messages.member": "7/h", "chats.guest": " 5/m ", "ids.all": ""}
    page = desk.get("/admin/limits/").content.decode()
    assert "Nothing is limited" in page
    assert 'placeholder="no limit"' in page
    assert page.index("The units are s, m, h and d") < page.index("<table")
    answer = desk.post("/admin/limits/", {**fields, "traces.all": "many"})
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.content.decode()
    assert "Nothing is limited" in answer.content.decode()
    assert desk.post("/admin/limits/", fields).status_code == 302
    assert "0 of 7 messages this hour" in alice.client.get(f"/chat/{chat.pk}/").content.decode()
    page = desk.get("/admin/limits/").content.decode()
    assert 'value="5/m"' in page
    assert "changed a limit" in desk.get("/admin/audit/").content.decode()


async def test_nobody_is_looked_up_on_the_event_loop(allow, checkpoint, alice):
    """asgiref compares context variables there; a lazy person hung the log-in page."""
    allow(messages={"member": Rate(60, 3600)})
    client = AsyncClient()
    client.cookies = alice.client.cookies
    async with asyncio.timeout(30):
        for path in ("/", "/admin/login/", "/chats/"):
            assert (await client.get(path)).status_code in {200, 302}
