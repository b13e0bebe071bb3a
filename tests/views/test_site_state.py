"""Read only, no new chats, a notice: by switch, by setting, by the disk."""

import logging
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client

from memory_app import site_state
from memory_app.models import AuditEntry, Chat, Person, Turn
from memory_app.services.operations.site_switch import site_switch
from tests.conftest import spoken_turn

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fresh():
    site_state.reread()
    yield
    site_state.reread()


@pytest.fixture
def disk(settings, monkeypatch):
    settings.DISK_WARN_MB, settings.DISK_NO_CHATS_MB, settings.DISK_READ_ONLY_MB = 300, 200, 100

    def free(mb):
        monkeypatch.setattr(site_state, "free_mb", lambda: mb)
        site_state.reread()

    return free


def switch(on, **notice):
    notices = {"notice_en": "", "notice_zh": ""} | notice
    site_switch(read_only=on, user=None, **notices)


@pytest.mark.parametrize("why", ["switch", "setting", "disk"])
async def test_read_only_lets_nothing_change(why, alice, chat, settings, disk, open_socket):
    from memory_app.database_thread import in_thread

    turn = await in_thread(spoken_turn, chat, "Hello", "Hi")
    socket = await open_socket(alice, chat)
    disk(5000)
    if why == "switch":
        await in_thread(switch, True)
    settings.READ_ONLY = why == "setting"
    disk(50 if why == "disk" else 5000)

    def pages():
        client = alice.client
        page = client.get(f"/chat/{chat.pk}/")
        assert page.status_code == 200
        assert "not continued" in page.content.decode()
        for path in (
            "/chat/",
            f"/turn/{turn.pk}/fork/",
            f"/chat/{chat.pk}/rename/",
            "/chats/import/",
        ):
            assert client.post(path, {"title": "x"}).status_code == 503, path
        form = {"username": "x", "password1": "correct-horse-9", "password2": "correct-horse-9"}
        assert Client().post("/accounts/signup/", form).status_code == 503
        count = Person.objects.count()
        assert Client().get("/").status_code == 200  # no guest is made
        assert Person.objects.count() == count
        assert client.get(f"/chat/{chat.pk}/export.json").status_code == 200

    await in_thread(pages)
    for message in (
        {"kind": "turn.send", "client_turn_id": uuid4(), "text": "More"},
        {"kind": "turn.regenerate", "client_turn_id": uuid4(), "turn": turn.pk},
        {"kind": "memory.goto", "turn": None},
        {"kind": "memory.forget", "client_turn_id": uuid4(), "turn": turn.pk},
    ):
        await socket.send(message.pop("kind"), **message)
        error = await socket.next()
        assert (error["type"], error["code"]) == ("error", "unavailable"), message
        assert "not continued" in error["detail"]
    assert await Turn.objects.acount() == 1
    delete = await in_thread(alice.client.post, f"/chat/{chat.pk}/delete/")
    assert delete.status_code in {200, 302}


def test_a_filling_disk_takes_no_new_chats_and_lets_others_go_on(alice, chat, disk):
    starts = '<button class="button main big"%s>Start a chat</button>'
    assert starts % "" in alice.client.get("/").content.decode()
    disk(150)
    assert starts % " disabled" in alice.client.get("/").content.decode()
    answer = alice.client.post("/chat/", HTTP_ACCEPT="text/html")
    assert answer.status_code == 503
    assert "no new chats can begin" in answer.content.decode()
    turn = spoken_turn(chat, "Hello", "Hi")
    assert alice.client.post(f"/turn/{turn.pk}/fork/").status_code == 503
    assert Chat.objects.count() == 1
    disk(250)
    assert alice.client.post("/chat/").status_code == 302


@pytest.mark.parametrize(
    ("mb", "ok", "says"),
    [
        (5000, True, "has room"), (250, True, "make room soon"), (150, True, "no new chats begin"),
        (50, False, "the site is read only"),
    ],
)  # fmt: skip
def test_readyz_says_how_the_disk_is(disk, mb, ok, says):
    disk(mb)
    part = Client().get("/readyz").json()["parts"]["disk"]
    assert part["ok"] is ok
    assert says in part["detail"]


def test_the_dashboard_switches_and_puts_a_notice_on_every_page(alice, chat, django_user_model):
    user = django_user_model.objects.create_superuser("dora", password="dora-pass-word")
    desk = Client()
    desk.force_login(user)
    form = {"read_only": "1", "notice_en": "Back at\n noon <b>", "notice_zh": "中午恢复"}
    assert desk.post("/admin/site/", form).status_code == 302
    page = alice.client.get("/chats/").content.decode()
    assert "Back at noon &lt;b&gt;" in page
    assert "read only at the moment" in page
    alice.client.post("/accounts/language/", {"language": "zh-hans"})
    assert "中午恢复" in alice.client.get("/chats/").content.decode()
    assert desk.post("/admin/site/", {}).status_code == 302
    assert "site-notice" not in alice.client.get("/chats/").content.decode()
    assert desk.post("/admin/site/", {"notice_en": "Open all night."}).status_code == 302
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions[1:] == ["site.read_only", "site.open", "site.notice"]


def test_a_refusal_is_no_error_in_the_log(alice, chat, caplog):
    """Any client can have one, and as many as it likes."""
    with caplog.at_level("INFO"):
        switch(True)
        assert alice.client.post(f"/chat/{chat.pk}/rename/", {"title": "Mine"}).status_code == 503
        assert alice.client.post("/chat/").status_code == 503
    [first, second] = [record for record in caplog.records if record.msg == "refused"]
    assert (first.status, first.at) == (503, "/chat/<uuid:chat>/rename/")
    assert second.levelname == "INFO"
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not [record for record in caplog.records if "Mine" in record.getMessage()]


@pytest.mark.parametrize("status", [409, 429, 503])
def test_whoever_answers_so_makes_no_error_of_it(alice, monkeypatch, caplog, status):
    view = "memory_app.views.chat.list_page.render"
    monkeypatch.setattr(view, lambda *_, **__: HttpResponse("Not now.", status=status))
    assert alice.client.get("/chats/").status_code == status
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_an_exception_that_no_code_expects_is_an_error_as_before(alice, monkeypatch, caplog):
    def broken(*_, **__):
        raise RuntimeError

    monkeypatch.setattr("memory_app.views.chat.list_page.render", broken)
    client = Client(raise_request_exception=False)
    client.cookies = alice.client.cookies
    assert client.get("/chats/").status_code == 500
    assert [record.levelname for record in caplog.records] == ["ERROR"]
