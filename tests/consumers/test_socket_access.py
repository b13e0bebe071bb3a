"""Who may open a chat's socket, and for how long."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async

from memory_app import generation, services
from memory_app.consumers import chat as chat_socket
from memory_app.consumers import handshake
from memory_app.database_thread import in_thread
from memory_app.models import Chat, Turn

pytestmark = pytest.mark.django_db(transaction=True)

FOREIGN = [
    None, "", "null", "*", "http://", "http://localhost", "http://localhost:80",
    "http://localhost:8001", "https://localhost:8000", "ws://localhost:8000",
    "http://localhost:8000.evil.example", "http://evil.example", "http://evil.example:8000",
    "http://localhost.evil.example:8000", "http://evil.example/http://localhost:8000",
    "http://localhost:8000/", "http://localhost:8000/x", "http://localhost:8000?x",
    "http://localhost:8000#x", "http://user@localhost:8000", "http://localhost:8000@evil.example",
    "http://127.0.0.1", "http://127.0.0.2:8000", "http://[::2]:8000", "http://0.0.0.0:8000",
    "file://", "chrome-extension://localhost:8000", "http://localhost:8000, http://evil.example",
    "http://localhost:99999", "localhost:8000", "//localhost:8000", "http:localhost:8000",
]  # fmt: skip


@pytest.mark.parametrize("origin", FOREIGN)
async def test_another_origin_or_none_is_refused(open_socket, alice, chat, origin):
    await open_socket(alice, chat, origin=origin, refused=True)


NAMES = ["http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"]


@pytest.mark.parametrize("own", [["not an origin"], ["http://a/"], [""], []])
@pytest.mark.parametrize("origin", ["null", "file://", "http://evil.example/x", "http://a/", ""])
def test_what_is_no_origin_is_nobodys_whatever_the_settings_say(settings, own, origin):
    settings.SITE_ORIGINS = own
    assert not handshake.same_site([(b"origin", origin.encode())])


@pytest.mark.parametrize("origin", NAMES)
async def test_each_name_of_this_machine_is_the_site(open_socket, alice, chat, origin):
    await open_socket(alice, chat, origin=origin)


async def test_two_origins_are_refused(open_socket, alice, chat):
    twice = [(b"origin", b"http://localhost:8000")]
    await open_socket(alice, chat, headers=twice, refused=True)


async def test_a_default_port_may_be_left_out(open_socket, alice, chat, settings):
    settings.SITE_ORIGINS = ["https://chat.example.org"]
    await open_socket(alice, chat, origin="https://chat.example.org")
    await open_socket(alice, chat, origin="https://chat.example.org:443")
    await open_socket(alice, chat, origin="http://chat.example.org", refused=True)


async def test_only_the_owner_gets_in(open_socket, alice, bob, chat):
    await open_socket(None, chat, refused=True)
    await open_socket(bob, chat, refused=True)
    await open_socket(alice, str(uuid4()), refused=True)
    await open_socket(alice, chat)


@pytest.mark.parametrize("path", ["x", "", "1", "../chat"])
async def test_a_path_that_is_no_chat_is_refused_without_a_traceback(
    open_socket, alice, path, caplog
):
    await open_socket(alice, path, refused=True)
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_guest_has_a_socket_too(open_socket, checkpoint):
    from django.conf import settings as site
    from django.test import Client

    from memory_app.models import Person
    from tests.conftest import Player

    client = Client()
    await sync_to_async(client.get)("/")
    guest = Player(await Person.objects.aget(user=None), client)
    assert site.SESSION_COOKIE_NAME in client.cookies
    chat = await Chat.objects.acreate(owner=guest.person, checkpoint=checkpoint)
    socket = await open_socket(guest, chat)
    assert (await socket.say())[-1]["status"] == "length"


def _log_out(player):
    player.client.logout()


def _change_password(player):
    player.person.user.set_password("another-pass-word")
    player.person.user.save()


def _ban(player):
    player.person.user.is_active = False
    player.person.user.save()


def _leave_for_good(player):
    player.person.user.delete()


ENDS = [_log_out, _change_password, _ban, _leave_for_good]


@pytest.mark.parametrize("end", ENDS)
async def test_nothing_is_served_once_the_session_has_ended(open_socket, alice, chat, end):
    socket = await open_socket(alice, chat)
    await sync_to_async(end)(alice)
    await socket.send("turn.send", client_turn_id=uuid4(), text="Still there?")
    answer = await socket.next()
    assert (answer["type"], answer["code"]) == ("error", "forbidden")
    assert await socket.closed() == chat_socket.LOGGED_OUT


@pytest.mark.parametrize("end", ENDS)
async def test_a_silent_socket_is_closed_too(open_socket, alice, chat, end, monkeypatch):
    assert chat_socket.WATCH <= 2.5  # so that a logout closes it within 5 s
    monkeypatch.setattr(chat_socket, "WATCH", 0.05)
    socket = await open_socket(alice, chat)
    await sync_to_async(end)(alice)
    assert await socket.closed() == chat_socket.LOGGED_OUT


async def test_a_stream_ends_with_the_session(open_socket, alice, chat, tap, monkeypatch):
    monkeypatch.setattr(chat_socket, "WATCH", 0.05)
    still = tap(2)
    socket = await open_socket(alice, chat)
    await socket.send("turn.send", client_turn_id=uuid4(), text="Hi", sampling={"min_tokens": 30})
    for _ in range(3):
        await socket.next()
    await sync_to_async(alice.client.logout)()
    assert await socket.closed() == chat_socket.LOGGED_OUT
    still.open()
    assert await socket.silent()


async def test_a_deleted_chat_closes_its_sockets(open_socket, alice, chat, monkeypatch):
    monkeypatch.setattr(chat_socket, "WATCH", 0.05)
    socket = await open_socket(alice, chat)
    await in_thread(services.chat_delete, chat=chat)
    assert await socket.closed() == chat_socket.GONE


async def speaking(open_socket, alice, chat, tap):
    """A reply that stands still after two tokens."""
    still = tap(2)
    socket = await open_socket(alice, chat)
    await socket.send("turn.send", client_turn_id=uuid4(), text="Hi", sampling={"max_tokens": 9})
    started = await socket.next()
    return still, generation.get(UUID(started["turn"]))


async def test_a_reply_in_a_deleted_chat_stops_and_comes_back_with_it(
    open_socket, alice, chat, tap, caplog
):
    _still, reply = await speaking(open_socket, alice, chat, tap)
    await in_thread(services.chat_delete, chat=chat)
    await reply.task  # nobody lets it through: the heartbeat ends it
    assert reply.end.status == "stopped"
    await in_thread(services.chat_restore, chat=chat)
    await chat.arefresh_from_db()
    assert (chat.head_id, chat.running_id, chat.deleted) == (reply.turn.pk, None, None)
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_chat_purged_in_mid_reply_leaves_nothing_behind(
    open_socket, alice, chat, tap, caplog, monkeypatch
):
    # A heartbeat between the two would end the reply before the purge: it would have stopped.
    monkeypatch.setattr(services, "turns_pulse", lambda *, running: [])
    still, reply = await speaking(open_socket, alice, chat, tap)
    await in_thread(services.chat_delete, chat=chat)
    assert await in_thread(services.chats_purge, older_than=timedelta(0)) == 1
    still.open()
    await reply.task
    assert await Turn.objects.acount() == 0
    assert reply.end.status == "interrupted"
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_socket_survives_the_rename_of_its_chat(open_socket, alice, chat, monkeypatch):
    monkeypatch.setattr(chat_socket, "WATCH", 0.02)
    socket = await open_socket(alice, chat)
    await in_thread(services.chat_rename, chat=chat, title="Another")
    assert await socket.silent()
    await socket.send("ping")
    assert (await socket.next())["type"] == "pong"
