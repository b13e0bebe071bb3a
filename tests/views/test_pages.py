"""What the pages answer to somebody who types addresses and forms by hand."""

from uuid import uuid4

import pytest
from django.test import Client

from memory_app.models import Chat, Checkpoint
from memory_app.views.chat.page import shown_path
from tests.conftest import Player, stored

ELSEWHERE = ("//evil.example/", "https://evil.example/", "javascript:alert(1)", "/\\evil.example")


def test_a_visitor_becomes_a_guest_and_gets_a_chat(checkpoint: Checkpoint, client: Client) -> None:
    front = client.get("/")
    assert {"sessionid", "csrftoken"} <= set(front.cookies)
    made = client.post("/chat/")
    assert made.status_code == 302
    assert made["Location"] == f"/chat/{stored(made['Location'].split('/')[2]).pk}/"
    assert client.get(made["Location"]).status_code == 200


def test_without_a_model_the_front_page_says_so(db: None, client: Client) -> None:
    answer = client.post("/chat/")
    assert answer.status_code == 503
    assert b"No model is available for chat yet." in answer.content


@pytest.mark.parametrize("wanted", ["d2d4392b-95a0-413b-80f0-2dcd12ab9755", "no-id-at-all", "\0"])
def test_a_checkpoint_that_is_not_there_is_not_found(
    checkpoint: Checkpoint, client: Client, wanted: str
) -> None:
    assert client.post("/chat/", {"checkpoint": wanted}).status_code == 404


@pytest.mark.parametrize("where", ELSEWHERE)
def test_no_form_sends_anybody_to_another_site(alice: Player, chat: Chat, where: str) -> None:
    renamed = alice.client.post(f"/chat/{chat.pk}/rename/", {"title": "Mine", "next": where})
    assert renamed["Location"] == f"/chat/{chat.pk}/"
    words = {"username": "alice", "password": "alice-pass-word", "next": where}
    assert Client().post("/accounts/login/", words)["Location"] == "/chats/"


def test_a_search_may_hold_anything(alice: Player, chat: Chat) -> None:
    for query in ("\0", "%", "_", "'", "x" * 5000, "\ud800".encode("utf-8", "replace").decode()):
        assert alice.client.get("/chats/", {"q": query}).status_code == 200


def test_a_percent_sign_finds_only_itself(alice: Player, chat: Chat) -> None:
    Chat.objects.filter(pk=chat.pk).update(title="half")
    assert b"half" not in alice.client.get("/chats/", {"q": "%"}).content
    Chat.objects.filter(pk=chat.pk).update(title="50 % half")
    assert b"half" in alice.client.get("/chats/", {"q": "%"}).content


def test_the_page_shows_the_branch_of_the_head_and_what_came_to_nothing(chat: Chat) -> None:
    def turn(parent: object, status: str) -> object:
        return chat.turns.create(parent=parent, client_turn_id=uuid4(), seed=1, status=status)

    root = turn(None, "complete")
    turn(root, "complete")
    second = turn(root, "stopped")
    lost = turn(second, "interrupted")
    turns = list(chat.turns.oldest_first())

    def shown(head: object, running: object = None) -> list[object]:
        return shown_path(turns, getattr(head, "pk", None), getattr(running, "pk", None))

    assert shown(second) == [root, second, lost]
    assert shown(root) == [root]
    assert shown(None) == []
    speaking = turn(root, "running")
    turns.append(speaking)
    assert shown(second, running=speaking) == [root, speaking]


def test_the_other_form_leads_back_to_the_same_page(db: None, client: Client) -> None:
    there = f"/chat/{uuid4()}/"
    for form, other in (("login", "signup"), ("signup", "login")):
        shown = client.get(f"/accounts/{form}/", {"next": there}).content.decode()
        assert f'href="/accounts/{other}/?next={there.replace("/", "%2F")}"' in shown
        shown = client.get(f"/accounts/{form}/", {"next": "//evil.example/"}).content.decode()
        assert f'href="/accounts/{other}/"' in shown
