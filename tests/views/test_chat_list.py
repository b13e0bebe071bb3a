"""The list of one's chats: by day, a page at a time, searched in titles and in what was said."""

from datetime import UTC, datetime, timedelta
from html import unescape
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from memory_app.models import Chat, Person, Turn, folded_word
from memory_app.views.chat import chat_list
from memory_app.views.chat.chat_list import day_of, marked, snippet

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
HTMX = {"HX-Request": "true"}


def add(player, checkpoint, title="", *, said=(), **fields):
    chat = Chat.objects.create(owner=player.person, checkpoint=checkpoint, title=title, **fields)
    for user, reply in said:
        chat.turns.create(client_turn_id=uuid4(), seed=1, user_text=user, reply_text=reply)
    return chat


def titles(answer):
    return [
        "".join(piece.text for piece in entry.title)
        for group in answer.context["groups"]
        for entry in group.entries
    ]


def line(answer):
    """The one snippet that was found, with its marks."""
    text = answer.content.decode().split('<p class="snippet quiet small">')[1].split("</p>")[0]
    return unescape(text)


@pytest.mark.parametrize(
    ("days", "name"),
    [(0, "Today"), (1, "Yesterday"), (2, "Previous 7 days"), (7, "Previous 7 days"),
     (8, "November 2026"), (30, "October 2026"), (-1, "Today")],
)  # fmt: skip
def test_chats_are_grouped_by_day_then_by_month(days, name):
    assert day_of(NOW - timedelta(days=days), NOW) == name


def test_months_are_named_in_the_readers_language():
    with translation.override("zh-hans"):
        assert day_of(NOW - timedelta(days=40), NOW) == "2026年10月"


def test_the_day_is_the_readers_own(alice, checkpoint):
    now = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    add(alice, checkpoint, "late", updated=midnight - timedelta(minutes=1))
    assert alice.client.get("/chats/").context["groups"][0].name == "Yesterday"
    # Far enough west it is still the same day there as it was then, or the day before ended.
    west = -int((now - midnight).total_seconds() // 60) - 2
    if west >= -14 * 60:
        alice.client.cookies["utc_offset"] = str(west)
        assert alice.client.get("/chats/").context["groups"][0].name == "Today"


@pytest.mark.parametrize("cookie", ["", "x", "99999999", "-1e3", "<script>"])
def test_a_time_zone_that_is_none_is_utc(alice, chat, cookie):
    alice.client.cookies["utc_offset"] = cookie
    assert alice.client.get("/chats/").status_code == 200


def test_a_chat_without_a_message_is_called_a_new_one(alice, chat):
    assert ">New chat</a>" in alice.client.get("/chats/").content.decode()


def test_older_chats_come_a_page_at_a_time_and_no_group_is_named_twice(alice, checkpoint):
    now = timezone.now()
    for number in reversed(range(chat_list.PAGE + 7)):
        add(alice, checkpoint, f"n{number}", updated=now - timedelta(seconds=number))
    first = alice.client.get("/chats/")
    assert len(titles(first)) == chat_list.PAGE
    assert 'href="/chats/?page=2"' in first.content.decode()
    more = alice.client.get("/chats/?page=2&place=rail", headers={**HTMX, "HX-Target": "older"})
    assert titles(more) == [f"n{n}" for n in range(chat_list.PAGE, chat_list.PAGE + 7)]
    assert "<h2" not in more.content.decode() or more.context["groups"][0].name == ""
    assert "<html" not in more.content.decode()
    assert more.context["next_page"] is None


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "9" * 400, "1e9"])
def test_a_page_number_may_be_anything(alice, chat, page):
    assert alice.client.get("/chats/", {"page": page}).status_code == 200


def test_a_page_beyond_the_end_is_the_last_one(alice, checkpoint, monkeypatch):
    monkeypatch.setattr(chat_list, "PAGE", 2)
    for number in range(3):
        add(alice, checkpoint, f"n{number}")
    assert titles(alice.client.get("/chats/?page=999")) == ["n0"]
    assert titles(alice.client.get("/chats/?page=999&q=n1")) == ["n1"]
    # The list's own button appends: there is nothing more to append.
    more = alice.client.get("/chats/?page=999", headers={**HTMX, "HX-Target": "older"})
    assert titles(more) == []


def test_a_search_finds_titles_messages_and_replies_in_any_case(alice, checkpoint):
    add(alice, checkpoint, "Zanzibar")
    add(alice, checkpoint, "b", said=[("I saw ZANZIBAR once", "Did you?")])
    add(alice, checkpoint, "c", said=[("Where to?", "To zanzibar!")])
    add(alice, checkpoint, "d", said=[("Elsewhere", "Yes")])
    assert titles(alice.client.get("/chats/?q=zanziBAR")) == ["c", "b", "Zanzibar"]


def test_a_search_knows_the_case_of_letters_that_are_not_ascii(alice, checkpoint):
    add(alice, checkpoint, "Ärger mit Öl")
    add(alice, checkpoint, "b", said=[("Меня зовут Клара", "")])
    assert titles(alice.client.get("/chats/", {"q": "ärger"})) == ["Ärger mit Öl"]
    assert titles(alice.client.get("/chats/", {"q": "КЛАРА"})) == ["b"]


def test_every_word_must_be_somewhere_in_the_chat(alice, checkpoint):
    add(alice, checkpoint, "Clara", said=[("I live in Oslo", "Nice"), ("My cat", "Cute")])
    assert titles(alice.client.get("/chats/?q=oslo+clara+cute")) == ["Clara"]
    assert titles(alice.client.get("/chats/?q=oslo+clara+dog")) == []


def test_the_place_that_was_found_is_shown_and_marked(alice, checkpoint):
    long = "word " * 60 + "then Biscuit the dog ran " + "away " * 60
    add(alice, checkpoint, "a", said=[("Hi", "no"), (long, "ok"), ("dog", "Biscuit and more")])
    found = line(alice.client.get("/chats/?q=biscuit"))
    assert "then <mark>Biscuit</mark> the dog ran" in found
    assert found.startswith("…")
    assert found.endswith("…")
    assert len(found) < 200
    # A turn with all of the words comes before an earlier one with some.
    assert "<mark>more</mark>" in line(alice.client.get("/chats/?q=biscuit+more"))


def test_what_is_found_is_still_text(alice, checkpoint):
    add(alice, checkpoint, "<b>x</b>", said=[("a <i>x</i> & y", "")])
    page = alice.client.get("/chats/?q=<").content.decode()
    assert "<mark>&lt;</mark>b&gt;x" in page
    assert "<b>" not in page
    assert "<i>x" not in page


def test_htmx_gets_the_list_alone_and_everybody_else_a_page(alice, chat):
    assert b"<html" in alice.client.get("/chats/?q=x").content
    part = alice.client.get("/chats/?q=x", headers=HTMX).content
    assert part.startswith(b'<nav class="chat-list"')
    back = {**HTMX, "HX-History-Restore-Request": "true"}
    assert b"<html" in alice.client.get("/chats/?q=x", headers=back).content


def test_the_rail_marks_the_chat_that_is_open(alice, chat, checkpoint):
    add(alice, checkpoint, "another")
    page = alice.client.get(f"/chats/?place=rail&current={chat.pk}", headers=HTMX).content.decode()
    assert page.count('aria-current="page"') == 1
    assert "rail-list" in page
    assert "<time" not in page
    assert alice.client.get("/chats/?place=rail&current=x", headers=HTMX).status_code == 200


def test_matches_of_a_common_word_are_counted_only_so_far(alice, checkpoint, monkeypatch):
    monkeypatch.setattr(chat_list, "COUNTED", 2)
    monkeypatch.setattr(chat_list, "PAGE", 2)
    for number in range(5):
        add(alice, checkpoint, f"a common word {number}")
    first = unescape(alice.client.get("/chats/?q=common").content.decode())
    assert "Chats with “common”: more than 3" in first
    second = unescape(alice.client.get("/chats/?q=common&page=2").content.decode())
    assert "Chats with “common”: 5" in second
    assert alice.client.get("/chats/?q=common&page=3").status_code == 200


def test_empty_lists_teach(alice, bob, chat):
    assert b"never rereads the chat" in bob.client.get("/chats/").content
    nothing = alice.client.get("/chats/?q=unheard").content
    assert "Chats with “unheard”: 0".encode() in nothing
    assert b"The search covers titles" in nothing
    assert b"never rereads the chat" in Client().get("/chats/").content


def test_nobody_finds_somebody_elses_chats(alice, bob, checkpoint):
    add(alice, checkpoint, "Zanzibar", said=[("Zanzibar", "Zanzibar")])
    assert titles(bob.client.get("/chats/?q=zanzibar")) == []


def test_a_script_hears_the_title_that_was_kept(alice, chat):
    answer = alice.client.post(
        f"/chat/{chat.pk}/rename/",
        {"title": "  Two \n words "},
        headers={"Accept": "application/json"},
    )
    assert answer.json() == {"title": "Two words"}


def test_sharing_is_off_until_it_is_switched_on(alice, chat):
    url = f"/chat/{chat.pk}/share/"
    assert chat.shared is False
    json = {"Accept": "application/json"}
    assert alice.client.post(url, {"shared": "1"}, headers=json).json() == {"shared": True}
    assert Chat.objects.get().shared
    assert alice.client.post(url, {"shared": "0", "next": "/chats/"})["Location"] == "/chats/"
    assert not Chat.objects.get().shared
    assert alice.client.post(url, {"shared": "yes"}).status_code == 302
    assert not Chat.objects.get().shared


def test_the_menu_is_a_page_where_there_is_no_script(alice, chat):
    page = alice.client.get(f"/chat/{chat.pk}/menu/").content.decode()
    for action in ("rename/", "share/", "delete/", "export.json", "export.md"):
        assert f'"/chat/{chat.pk}/{action}"' in page


# As words_of gives them: a word of nothing but joiners is none.
words = st.lists(st.text(min_size=1, max_size=5).filter(folded_word), min_size=1, max_size=4)


@given(st.text(), words)
def test_marking_loses_and_adds_nothing(text, words):
    pieces = marked(text, words)
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.text for piece in pieces)


@given(st.text(), words)
def test_a_snippet_is_short_and_shows_what_was_found(text, words):
    pieces = snippet(text, words)
    assert len("".join(piece.text for piece in pieces)) <= 142
    if any(word in " ".join(text.split()) for word in words):
        assert any(piece.is_match for piece in pieces)


def test_no_turn_is_read_for_a_list_without_a_search(
    alice, checkpoint, django_assert_max_num_queries
):
    for number in range(20):
        add(alice, checkpoint, f"n{number}", said=[("x", "y")])
    alice.client.get("/chats/")  # the first visit of a session writes it
    with django_assert_max_num_queries(6):
        alice.client.get("/chats/")
    with django_assert_max_num_queries(9):
        alice.client.get("/chats/?q=x")
    assert Turn.objects.count() == 20


def test_the_line_of_a_result_is_of_the_shown_branch_with_all_words_whole(alice, checkpoint):
    chat = add(
        alice, checkpoint, "t",
        said=[("red scored car", "-"), ("I scored a carpet", "-"), ("The car is red.", "-"),
              ("A red car.", "Yes."), ("red", "car")],
    )  # fmt: skip
    first, parts, scattered, _phrase, split = chat.turns.order_by("position")

    def shown(head, query="red+car"):
        Chat.objects.filter(pk=chat.pk).update(head=head)
        return line(alice.client.get(f"/chats/?q={query}"))

    # None is shown: the phrase before scattered words, whole words before parts.
    assert shown(None) == "A <mark>red</mark> <mark>car</mark>."
    # Each is a branch of its own.
    assert shown(scattered) == "The <mark>car</mark> is <mark>red</mark>."
    assert shown(parts) == "I sco<mark>red</mark> a <mark>car</mark>pet"
    assert shown(split) == "<mark>red</mark> · <mark>car</mark>"
    chat.turns.filter(pk=scattered.pk).update(parent=first)
    assert shown(scattered).startswith("<mark>red</mark> sco<mark>red</mark> <mark>car</mark>")
    assert shown(split, "carpet") == "I scored a <mark>carpet</mark>"


def test_a_long_text_is_cut_where_most_of_the_words_are():
    text = (
        "I scored again. " + "Something else entirely. " * 20 + "It is a red car. " + "And. " * 50
    )
    shown = snippet(text, ["red", "car"])
    assert [piece.text for piece in shown if piece.is_match] == ["red", "car"]


def groups(answer):
    """The groups as they are shown: [(name, [title, …]), …]."""
    return [
        (group.name, ["".join(piece.text for piece in entry.title) for entry in group.entries])
        for group in answer.context["groups"]
    ]


def test_a_pinned_chat_is_above_the_others_and_an_archived_one_is_out_of_the_way(
    client, checkpoint
):
    """By a guest, who needs no account for it."""
    client.post("/chat/")
    guest = SimpleNamespace(person=Person.objects.get())
    old = add(guest, checkpoint, "old", updated=timezone.now() - timedelta(days=90))
    add(guest, checkpoint, "new")
    done = add(guest, checkpoint, "done", said=[("about whales", "yes")])
    asked = {"headers": {"accept": "application/json"}}
    facts = client.post(f"/chat/{old.pk}/pin/", {"pinned": "1"}, **asked).json()
    assert facts == {"pinned": True, "archived": False}
    client.post(f"/chat/{done.pk}/pin/", {"pinned": "1"})
    facts = client.post(f"/chat/{done.pk}/archive/", {"archived": "1"}, **asked).json()
    assert facts == {"pinned": True, "archived": True}
    page = client.get("/chats/")
    assert groups(page) == [("Pinned", ["old"]), ("Today", ["new"])]
    assert "Archived chats: 1" in page.content.decode()
    assert titles(client.get(f"/chat/{old.pk}/")) == ["old", "new"]
    assert groups(client.get("/chats/?archived=1")) == [("Today", ["done"])]
    found = client.get("/chats/?q=whales")
    assert titles(found) == ["done"]
    mark = '<span class="archived-mark">archived</span>'
    assert mark in found.content.decode()
    assert mark in client.get("/chats/?q=whales&place=rail").content.decode()
    head = '<span class="archived-mark small">archived</span>'
    assert head in client.get(f"/chat/{done.pk}/").content.decode()
    assert head not in client.get(f"/chat/{old.pk}/").content.decode()
    # Unarchived, it is pinned as it was.
    client.post(f"/chat/{done.pk}/archive/", {"archived": "0"})
    assert groups(client.get("/chats/")) == [("Pinned", ["done", "old"]), ("Today", ["new"])]
    for chat in (old, done):
        client.post(f"/chat/{chat.pk}/pin/", {"pinned": "0"})
    assert titles(client.get("/chats/")) == ["done", "new", "old"]


def test_a_list_without_any_chat_but_archived_ones_says_so(alice, checkpoint):
    sentence = "All your chats are archived."
    add(alice, checkpoint, "done", archived=True)
    for address in ("/chats/", "/chats/?place=rail"):
        assert sentence in alice.client.get(address).content.decode()
    add(alice, checkpoint, "new")
    for address in ("/chats/", "/chats/?archived=1", "/chats/?q=nowhere"):
        assert sentence not in alice.client.get(address).content.decode()


def test_only_a_search_asks_the_chat_to_show_another_branch(alice, checkpoint):
    chat = add(alice, checkpoint, "done", said=[("about whales", "yes")])
    link = f'/chat/{chat.pk}/?found#turn-{chat.turns.get().pk}"'
    assert link in alice.client.get("/chats/?q=whales").content.decode()
    here = alice.client.get(f"/chats/?q=whales&place=rail&current={chat.pk}").content.decode()
    assert link.replace("?found", "") in here


def test_pinned_chats_are_one_group_over_the_pages(alice, checkpoint, monkeypatch):
    monkeypatch.setattr(chat_list, "PAGE", 2)
    for number in range(3):
        add(alice, checkpoint, f"pin {number}", pinned=True)
        add(alice, checkpoint, f"day {number}")
    assert [groups(alice.client.get(f"/chats/?page={page}")) for page in (1, 2, 3)] == [
        [("Pinned", ["pin 2", "pin 1"])],
        [("", ["pin 0"]), ("Today", ["day 2"])],
        [("", ["day 1", "day 0"])],
    ]


@pytest.mark.parametrize("deed", ["pin", "archive"])
def test_somebody_elses_chat_is_neither_pinned_nor_archived(alice, bob, checkpoint, deed):
    chat = add(bob, checkpoint, "private")
    answer = alice.client.post(f"/chat/{chat.pk}/{deed}/", {"pinned": "1", "archived": "1"})
    assert answer.status_code == 404
    chat.refresh_from_db()
    assert not chat.pinned
    assert not chat.archived
