"""Public links: made and revoked by the owner, read by anyone, never listed."""

import zlib

import pytest
from django.test import Client

from memory_app import services
from memory_app.models import Chat, PublicLink, Turn
from memory_app.services.chat import public_links
from tests.conftest import spoken_turn


@pytest.fixture
def turns(chat: Chat) -> list[Turn]:
    return [spoken_turn(chat, text, "Yes.") for text in ("My <b>cat</b> is Tom.", "And a dog.")]


def opened(client: Client, path: str, **fields: object) -> dict:
    answer = client.post(path, fields)
    assert answer.status_code == 200, answer.content
    return answer.json()


def path_of(url: str) -> str:
    return url.removeprefix("http://testserver")


def test_a_chat_is_read_by_anyone_with_the_link_up_to_its_head_then(alice, chat, turns):
    facts = opened(alice.client, f"/chat/{chat.pk}/share/public/", on=1)
    spoken_turn(chat, "A secret of later", "Yes.")
    page = Client().get(path_of(facts["url"]))
    text = page.content.decode()
    assert page.status_code == 200
    assert "My &lt;b&gt;cat&lt;/b&gt; is Tom." in text
    assert "And a dog." in text
    assert "A secret of later" not in text
    assert "alice" not in text
    assert str(chat.pk) not in text
    assert '<meta name="robots" content="noindex' in text
    assert page["X-Robots-Tag"].startswith("noindex")
    assert 'property="og:title" content="My &lt;b&gt;cat&lt;/b&gt; is Tom."' in text
    assert f'property="og:image" content="{facts["url"]}preview.png"' in text
    # Opened again it keeps its address, and shows what was said since.
    state = alice.client.get(f"/chat/{chat.pk}/share/public/").json()
    assert (state["url"], state["current"]) == (facts["url"], False)
    again = opened(alice.client, f"/chat/{chat.pk}/share/public/", on=1)
    assert (again["url"], again["current"]) == (facts["url"], True)
    assert b"A secret of later" in Client().get(path_of(facts["url"])).content


def test_one_turn_is_shown_alone_with_its_gates(alice, chat, turns):
    facts = opened(alice.client, f"/turn/{turns[1].pk}/share/")
    text = Client().get(path_of(facts["url"])).content.decode()
    assert "And a dog." in text
    assert "Tom" not in text
    assert text.count('class="tok') == turns[1].tokens
    assert "<rect" in text
    assert PublicLink.objects.count() == 1
    assert opened(alice.client, f"/turn/{turns[1].pk}/share/", on="1")["url"] == facts["url"]


def test_the_preview_is_a_png_of_the_memory(alice, chat, turns):
    facts = opened(alice.client, f"/chat/{chat.pk}/share/public/", on=1)
    answer = Client().get(path_of(facts["url"]) + "preview.png")
    assert answer["Content-Type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG\r\n\x1a\n")
    assert answer.content[16:24] == (1200).to_bytes(4, "big") + (630).to_bytes(4, "big")
    start = answer.content.index(b"IDAT")
    length = int.from_bytes(answer.content[start - 4 : start], "big")
    assert len(zlib.decompress(answer.content[start + 4 : start + 4 + length])) == 630 * 1201


def test_a_revoked_link_is_gone_and_the_next_one_is_another(alice, chat, turns):
    path = f"/chat/{chat.pk}/share/public/"
    first = opened(alice.client, path, on=1)["url"]
    assert opened(alice.client, path, on=0)["url"] is None
    for address in (first, f"{first}preview.png"):
        assert Client().get(path_of(address)).status_code == 404
    second = opened(alice.client, path, on=1)["url"]
    assert second != first
    assert len(second.split("/s/")[1].strip("/")) == 32


def test_the_menu_lists_the_links_and_revokes_them_without_a_script(alice, chat, turns):
    turn = opened(alice.client, f"/turn/{turns[0].pk}/share/")["url"]
    menu = alice.client.get(f"/chat/{chat.pk}/menu/").content.decode()
    assert turn in menu
    assert "Create a link to this chat" in menu
    answer = alice.client.post(f"/turn/{turns[0].pk}/share/", {"on": 0, "next": "menu"})
    assert answer["Location"] == f"/chat/{chat.pk}/menu/"
    assert turn not in alice.client.get(f"/chat/{chat.pk}/menu/").content.decode()


def test_links_end_with_their_chat_and_with_their_owner(alice, chat, turns):
    facts = opened(alice.client, f"/chat/{chat.pk}/share/public/", on=1)
    services.chat_delete(chat=chat)
    assert Client().get(path_of(facts["url"])).status_code == 404
    services.chat_restore(chat=chat)
    assert Client().get(path_of(facts["url"])).status_code == 404
    opened(alice.client, f"/chat/{chat.pk}/share/public/", on=1)
    alice.person.delete()
    assert PublicLink.objects.count() == 0


def test_what_has_no_reply_is_not_shared_and_links_are_bounded(alice, chat, turns, monkeypatch):
    empty = alice.client.post("/chat/")["Location"]
    assert alice.client.post(f"{empty}share/public/").status_code == 400
    begun = services.turn_begin(chat=chat, client_turn_id=turns[0].pk, text="Hm", sampling={})
    services.turn_fail(turn=begun.turn)
    assert alice.client.post(f"/turn/{begun.turn.pk}/share/").status_code == 400
    monkeypatch.setattr(public_links, "MOST", 1)
    opened(alice.client, f"/turn/{turns[0].pk}/share/")
    assert alice.client.post(f"/turn/{turns[1].pk}/share/").status_code == 429


def test_other_persons_neither_see_nor_make_links(alice, bob, chat, turns):
    bob.client.get("/")
    for client in (bob.client, Client()):
        for path in (f"/chat/{chat.pk}/share/public/", f"/turn/{turns[0].pk}/share/"):
            assert client.post(path).status_code == 404
            assert client.get(path).status_code == 404
    assert Client().get("/s/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/").status_code == 404
    assert PublicLink.objects.count() == 0
    assert Client(enforce_csrf_checks=True).post(f"/turn/{turns[0].pk}/share/").status_code == 403


def test_a_blanked_memory_is_shown_as_such(alice, chat, turns):
    services.head_move(chat=chat, turn=None)
    spoken_turn(chat, "What is my cat called?", "Yes.")
    facts = opened(alice.client, f"/chat/{chat.pk}/share/public/", on=1)
    text = Client().get(path_of(facts["url"])).content.decode()
    assert text.index("And a dog.") < text.index("memory blanked here") < text.index("What is my")


def test_a_word_of_a_shared_chat_is_traced_among_its_words_alone(alice, chat, turns):
    facts = opened(alice.client, f"/chat/{chat.pk}/share/public/", on=1)
    path = path_of(facts["url"])
    answer = Client().get(path, {"turn": 2, "token": 0})
    text = answer.content.decode()
    assert "Where “Yes” came from" in text
    traced = answer.context["traced"]
    assert traced.turn == 2
    assert {source.turn for source in traced.sources} <= {1, 2}
    found = services.token_sources(turn=turns[1], token=0)
    best = max(max(shares) for shares in found.parts.shares())
    assert traced.sources[0].size >= round(100 * best) - 1  # a word sums its tokens
    assert 0 <= traced.rest <= 100
    assert 'id="turn-2"' in text
    assert str(turns[0].pk) not in text
    for query in ({"turn": 3, "token": 0}, {"turn": 0, "token": 0}, {"turn": "x", "token": 0},
                  {"turn": 1, "token": 99}, {"turn": 1}):  # fmt: skip
        assert Client().get(path, query).status_code == 404


def test_no_word_of_a_turn_that_is_shared_alone_is_traced(alice, chat, turns):
    facts = opened(alice.client, f"/turn/{turns[1].pk}/share/")
    answer = Client().get(path_of(facts["url"]), {"turn": 2, "token": 0})
    assert answer.status_code == 404
