"""Staff choose which public chats stand on the front page; strangers' chats never do."""

import pytest
from django.test import Client

from memory_app import services
from memory_app.models import AuditEntry, Chat, PublicLink
from memory_app.services.chat import showcase
from tests.conftest import spoken_turn

PAGE = "/admin/site/showcase/"


@pytest.fixture
def shared(staff, checkpoint):
    def share(player, text="My cat is Tom."):
        chat = Chat.objects.create(owner=player.person, checkpoint=checkpoint)
        turn = spoken_turn(chat, text, "Yes.")
        return services.link_open(chat=chat), turn

    return share


def test_a_chat_of_the_staff_is_listed_and_removed(mira, client, shared):
    link, _turn = shared(mira, "My <b>cat</b> is Tom.")
    assert b"front page lists no chats" in client.get(PAGE).content
    assert f"/s/{link.token}/" not in Client().get("/").content.decode()
    assert client.post(PAGE, {"address": f"http://testserver/s/{link.token}/"}).status_code == 302
    front = Client().get("/").content.decode()
    assert f"/s/{link.token}/" in front
    assert "My &lt;b&gt;cat&lt;/b&gt; is Tom." in front
    assert client.post(f"{PAGE}{link.pk}/remove/").status_code == 302
    assert f"/s/{link.token}/" not in Client().get("/").content.decode()
    assert Client().get(f"/s/{link.token}/").status_code == 200
    assert client.post(f"{PAGE}{link.pk}/remove/").status_code == 404
    actions = AuditEntry.objects.filter(action__startswith="showcase").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["showcase.add", "showcase.remove"]


def test_what_may_not_be_listed_is_refused_in_a_sentence(mira, alice, client, shared):
    of_alice, _turn = shared(alice)
    _whole, turn = shared(mira)
    one_turn = services.link_open(chat=turn.chat, turn=turn)
    cases = {
        "/s/nothing/": "no public link with this address",
        "": "no public link with this address",
        f"/s/{of_alice.token}/": "Only chats of members of staff",
        f"/s/{one_turn.token}/": "share the whole chat",
    }
    for address, sentence in cases.items():
        answer = client.post(PAGE, {"address": address})
        assert answer.status_code == 400
        assert sentence in answer.content.decode()
    assert not PublicLink.objects.filter(showcased__isnull=False).exists()


def test_six_are_enough_and_a_deleted_chat_leaves(mira, client, shared):
    links = [shared(mira)[0] for _ in range(showcase.MOST + 1)]
    for link in links[:-1]:
        assert client.post(PAGE, {"address": link.token}).status_code == 302
    answer = client.post(PAGE, {"address": links[-1].token})
    assert answer.status_code == 400
    assert b"remove one first" in answer.content
    services.chat_delete(chat=links[0].chat)
    assert len(showcase.showcase_links()) == showcase.MOST - 1
    assert client.post(PAGE, {"address": links[-1].token}).status_code == 302
