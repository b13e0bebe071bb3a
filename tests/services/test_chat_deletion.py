"""A deletion is at once for everybody, can be taken back by the owner, and in the end is real."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone

from memory_app import policy, services
from memory_app.models import Chat, Person, Turn
from memory_app.refusal import Refused
from tests.conftest import spoken_turn
from tests.site.test_policy import OWNED

pytestmark = pytest.mark.slow


@pytest.fixture
def turn(chat):
    return spoken_turn(chat, "My secret", "Good")


def test_a_deleted_chat_is_nowhere_for_its_owner_too(alice, chat, turn):
    services.chat_delete(chat=chat)
    for method, route in OWNED:
        if route.endswith("restore/"):
            continue
        gone = getattr(alice.client, method)(route.format(chat=chat.pk, turn=turn.pk))
        none = getattr(alice.client, method)(route.format(chat=uuid4(), turn=uuid4()))
        assert gone.status_code == 404, route
        assert gone.content == none.content, route
    assert policy.owned_chat(alice.person, chat.pk) is None
    assert b"My secret" not in alice.client.get("/chats/").content
    assert b"My secret" not in alice.client.get("/chats/?q=secret").content


def test_the_answer_to_a_deletion_offers_to_take_it_back(alice, chat, turn):
    gone = alice.client.post(f"/chat/{chat.pk}/delete/", follow=True)
    assert "“My secret”</span> was deleted." in gone.content.decode()
    assert f"/chat/{chat.pk}/restore/" in gone.content.decode()
    back = alice.client.post(f"/chat/{chat.pk}/restore/")
    assert back["Location"] == f"/chat/{chat.pk}/"
    assert b"My secret" in alice.client.get(back["Location"]).content
    assert Turn.objects.get().state == turn.state


def test_htmx_gets_the_row_that_stands_for_the_chat(alice, chat, turn):
    headers = {"HX-Request": "true"}
    gone = alice.client.post(f"/chat/{chat.pk}/delete/", {"place": "rail"}, headers=headers)
    assert gone.content.decode().lstrip().startswith("<li")
    assert 'value="rail"' in gone.content.decode()
    back = alice.client.post(f"/chat/{chat.pk}/restore/", {"place": "page"}, headers=headers)
    assert back.content.decode().lstrip().startswith("<li")
    assert "<time" in back.content.decode()


def test_only_the_owner_takes_a_deletion_back_or_hears_of_it(alice, bob, chat, turn, client):
    services.chat_delete(chat=chat)
    for other in (bob.client, client):
        assert other.post(f"/chat/{chat.pk}/restore/").status_code == 404
        assert b"My secret" not in other.get(f"/chats/?deleted={chat.pk}").content
    chat.refresh_from_db()
    assert chat.deleted is not None


def test_taking_it_back_twice_is_no_fault(alice, chat):
    services.chat_delete(chat=chat)
    for _ in range(2):
        assert alice.client.post(f"/chat/{chat.pk}/restore/").status_code == 302
    assert b"was deleted." not in alice.client.get(f"/chats/?deleted={chat.pk}").content


@pytest.mark.parametrize("what", ["nothing", "\0", "00000000-0000-4000-8000-000000000000"])
def test_a_deletion_that_never_was_is_not_offered(alice, chat, what):
    answer = alice.client.get("/chats/", {"deleted": what})
    assert answer.status_code == 200
    assert b"was deleted." not in answer.content


def test_nothing_begins_or_moves_in_a_deleted_chat(chat, turn):
    services.chat_delete(chat=chat)
    with pytest.raises(Refused) as begun:
        services.turn_begin(chat=chat, client_turn_id=uuid4(), text="Hello?")
    with pytest.raises(Refused) as moved:
        services.head_move(chat=chat, turn=None)
    assert begun.value.code == moved.value.code == "not_found"
    assert Turn.objects.count() == 1
    chat.refresh_from_db()
    assert (chat.head_id, chat.running_id) == (turn.pk, None)


def test_the_purge_takes_what_was_deleted_long_enough_ago(alice, chat, turn, checkpoint):
    kept = Chat.objects.create(owner=alice.person, checkpoint=checkpoint)
    lately = Chat.objects.create(owner=alice.person, checkpoint=checkpoint)
    services.chat_delete(chat=lately)
    services.chat_delete(chat=chat)
    assert services.chats_purge() == 0
    Chat.objects.filter(pk=chat.pk).update(deleted=timezone.now() - timedelta(hours=25))
    assert services.chats_purge() == 1
    assert set(Chat.objects.values_list("pk", flat=True)) == {kept.pk, lately.pk}
    assert not Turn.objects.exists()
    assert alice.client.post(f"/chat/{chat.pk}/restore/").status_code == 404


def test_a_long_chat_is_purged_too(chat):
    """Each turn hangs on the one before: no recursion may run as deep as a chat is long."""
    keys = [uuid4() for _ in range(1500)]
    Turn.objects.bulk_create(
        Turn(
            pk=key,
            chat=chat,
            parent_id=parent,
            position=position,
            client_turn_id=uuid4(),
            seed=1,
            status="complete",
        )
        for position, (key, parent) in enumerate(zip(keys, [None, *keys], strict=False), 1)
    )
    Chat.objects.filter(pk=chat.pk).update(head_id=keys[-1])
    services.chat_delete(chat=chat)
    assert services.chats_purge(older_than=timedelta(0)) == 1
    assert not Turn.objects.exists()


def test_the_command_says_how_many_were_purged(chat, capsys):
    Chat.objects.filter(pk=chat.pk).update(deleted=timezone.now() - timedelta(hours=3))
    call_command("purge_chats", "--json")
    assert capsys.readouterr().out.strip() == '{"purged": 0}'
    call_command("purge_chats", "--json", "--hours", "2")
    assert capsys.readouterr().out.strip() == '{"purged": 1}'
    assert not Chat.objects.exists()


def test_a_guests_deleted_chats_come_along_and_can_still_be_taken_back(alice, bob, chat):
    guest = Person.objects.create()
    Chat.objects.filter(pk=chat.pk).update(owner=guest, deleted=timezone.now())
    services.person_merge(guest=guest, member=alice.person)
    assert alice.client.post(f"/chat/{chat.pk}/restore/").status_code == 302
