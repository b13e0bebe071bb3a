"""A chat that was opened has a page and a socket; its row comes with the first message."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.utils import timezone

from memory_app import services
from memory_app.models import Chat, Person, Turn
from memory_app.pending_chats import pending_chat
from memory_app.refusal import Refused
from memory_app.services.chat.chats import chats_empty_purge
from memory_app.services.chat.pending_chats import MOST
from tests.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def open_chat(client: Client, **fields: str) -> UUID:
    return UUID(client.post("/chat/", fields)["Location"].split("/")[2])


@pytest.fixture
def opened(alice, checkpoint) -> UUID:
    return open_chat(alice.client)


def begin(person: Person, key: UUID, *, message: UUID | None = None):
    chat = pending_chat(Person.objects.get(pk=person.pk), key) or Chat.objects.get(pk=key)
    return services.turn_begin(chat=chat, client_turn_id=message or uuid4(), text="My dog is Rex.")


def test_opening_chats_stores_none_and_each_has_a_page_of_its_own(alice, bob, checkpoint):
    keys = [open_chat(alice.client) for _ in range(3)]
    assert len(set(keys)) == 3
    assert Chat.objects.count() == 0
    assert alice.client.get("/chats/").context["groups"] == []
    for key in keys:
        for path in ("", "turns.json", "memory.json", "menu/", "export.json", "export.md"):
            assert alice.client.get(f"/chat/{key}/{path}").status_code == 200, path
            assert bob.client.get(f"/chat/{key}/{path}").status_code == 404, path
            assert Client().get(f"/chat/{key}/{path}").status_code == 404, path
    answer = alice.client.get(f"/chat/{keys[0]}/turns.json").json()
    assert (answer["turns"], answer["head"], answer["running"]) == ([], None, None)
    assert answer["checkpoint"]["sha256"] == checkpoint.sha256


def test_the_first_message_makes_the_chat_and_a_second_of_the_same_none(alice, opened):
    message = uuid4()
    begun = at_once(*(lambda: begin(alice.person, opened, message=message) for _ in range(4)))
    assert not [one for one in begun if isinstance(one, Exception)]
    assert {one.turn.pk for one in begun} == {Turn.objects.get().pk}
    assert sum(one.created for one in begun) == 1
    chat = Chat.objects.get()
    assert (chat.pk, chat.owner, chat.title) == (opened, alice.person, "My dog is Rex.")
    assert Person.objects.get(pk=alice.person.pk).pending == []


def test_a_first_message_that_is_refused_leaves_no_row(alice, opened):
    chat = pending_chat(Person.objects.get(pk=alice.person.pk), opened)
    for wrong in ({"text": "x", "sampling": {"top_k": -1}}, {"target": uuid4()}):
        with pytest.raises(Refused):
            services.turn_begin(chat=chat, client_turn_id=uuid4(), **wrong)
    assert Chat.objects.count() == 0
    assert alice.client.get(f"/chat/{opened}/").status_code == 200


def test_a_title_and_a_share_before_the_first_message_are_kept(alice, bob, opened):
    json = {"Accept": "application/json"}
    url = f"/chat/{opened}"
    assert bob.client.post(f"{url}/rename/", {"title": "x"}).status_code == 404
    alice.client.post(f"{url}/rename/", {"title": "Mine"}, headers=json)
    alice.client.post(f"{url}/share/", {"shared": "1"}, headers=json)
    assert alice.client.get(f"{url}/turns.json").json()["title"] == "Mine"
    begin(alice.person, opened)
    chat = Chat.objects.get()
    assert (chat.title, chat.shared) == ("Mine", True)


def test_a_chat_deleted_before_its_first_message_can_be_taken_back(alice, opened):
    url = f"/chat/{opened}"
    assert alice.client.post(f"{url}/delete/").status_code == 302
    assert alice.client.get(f"{url}/").status_code == 404
    assert alice.client.post(f"{url}/restore/").status_code == 302
    assert alice.client.get(f"{url}/").status_code == 200
    assert Chat.objects.count() == 0


def test_it_comes_along_when_a_guest_signs_up_and_goes_at_the_log_out(checkpoint):
    guest = Client()
    key = open_chat(guest)
    password = "a long pass word"
    guest.post(
        "/accounts/signup/", {"username": "dora", "password1": password, "password2": password}
    )
    assert guest.get(f"/chat/{key}/").status_code == 200
    guest.post("/accounts/logout/")
    assert guest.get(f"/chat/{key}/").status_code == 404
    guest.post("/accounts/login/", {"username": "dora", "password": password})
    assert guest.get(f"/chat/{key}/").status_code == 200


def test_the_chosen_checkpoint_stays_and_a_later_promotion_changes_nothing(alice, checkpoint):
    key = open_chat(alice.client, checkpoint=str(checkpoint.pk))
    type(checkpoint).objects.update(live=False)
    assert begin(alice.person, key).turn.chat.checkpoint == checkpoint


def test_so_many_and_no_more_are_kept_of_one_person(alice, checkpoint):
    keys = [open_chat(alice.client) for _ in range(MOST + 1)]
    assert alice.client.get(f"/chat/{keys[0]}/").status_code == 404
    assert alice.client.get(f"/chat/{keys[1]}/").status_code == 200


def test_a_purged_chat_does_not_come_back_to_life(alice, opened):
    services.turn_fail(turn=begin(alice.person, opened).turn)
    services.chat_delete(chat=Chat.objects.get())
    services.chats_purge(older_than=timedelta(0))
    assert alice.client.get(f"/chat/{opened}/").status_code == 404


def test_empty_rows_of_before_go_after_a_day(alice, checkpoint, chat):
    yesterday = timezone.now() - timedelta(hours=25)
    old = Chat.objects.create(owner=alice.person, checkpoint=checkpoint, created=yesterday)
    spoken = Chat.objects.create(owner=alice.person, checkpoint=checkpoint, created=yesterday)
    spoken.turns.create(client_turn_id=uuid4(), seed=1, status="failed")
    assert chats_empty_purge() == 1
    assert set(Chat.objects.values_list("pk", flat=True)) == {chat.pk, spoken.pk}
    assert not Chat.objects.filter(pk=old.pk).exists()


@pytest.mark.asyncio
async def test_two_tabs_on_a_chat_without_a_row_hear_its_first_message(
    alice, bob, opened, open_socket
):
    one, other = await open_socket(alice, opened), await open_socket(alice, opened)
    await open_socket(bob, opened, refused=True)
    await one.send("memory.goto", turn=None)
    assert (await one.next())["type"] == "memory.changed"
    assert await sync_to_async(Chat.objects.count)() == 0
    await other.next()
    frames = await one.say("Hello")
    assert frames[0]["type"] == "turn.started"
    assert (await other.until("turn.finished"))[-1]["turn"] == frames[-1]["turn"]
    assert (await sync_to_async(Chat.objects.get)()).pk == opened
