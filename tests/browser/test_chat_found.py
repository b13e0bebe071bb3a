"""A link to one turn of a chat: the reader is brought there, on whichever branch it is."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from memory_app.models import Chat, Turn
from tests.browser.visitor import Visitor

LONG = "It is a long story. " * 60


@pytest.fixture
def long_chat(visitor: Visitor) -> Chat:
    """Forty turns, so that most of them are out of sight."""
    visitor.start_chat()
    visitor.talk("The first message.")
    chat = Chat.objects.get()
    first = parent = Turn.objects.get()
    for number in range(2, 41):
        said = f"Message {number}, about a pelican" if number == 7 else f"Message {number}"
        parent = Turn.objects.create(
            chat=chat, parent=parent, client_turn_id=uuid4(), seed=1, status="complete",
            user_text=said, reply_text=LONG, state=first.state, state_sha256=first.state_sha256,
        )  # fmt: skip
    Chat.objects.filter(pk=chat.pk).update(head=parent)
    return Chat.objects.get()


def in_view(page: Page, turn: Turn) -> bool:
    box = page.locator(f"#turn-{turn.pk}").bounding_box()
    place = page.locator("#scroller").bounding_box()
    assert box is not None
    assert place is not None
    # The list scrolls, not the page around it.
    assert page.evaluate("document.scrollingElement.scrollTop") == 0
    return place["y"] - 1 <= box["y"] < place["y"] + place["height"] / 2


def test_what_a_search_found_is_where_its_link_leads(visitor: Visitor, long_chat: Chat) -> None:
    page = visitor.page
    found = Turn.objects.get(user_text__contains="pelican")
    page.goto(f"{visitor.url}/chats/?q=pelican")
    page.locator("#chat-list .title").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/chat/{long_chat.pk}/#turn-{found.pk}")
    expect(page.locator(f"#turn-{found.pk}")).to_be_focused()
    assert in_view(page, found)
    expect(page.locator("#jump")).to_be_visible()
    # The focus goes on from there, and the mark goes with it.
    page.keyboard.press("Tab")
    expect(page.locator(f"#turn-{found.pk} .edit")).to_be_focused()
    expect(page.locator(f"#turn-{found.pk}")).not_to_have_attribute("tabindex", "-1")


def test_a_search_within_the_open_chat_brings_there_without_a_load(
    visitor: Visitor, long_chat: Chat
) -> None:
    page = visitor.page
    page.reload()
    found = Turn.objects.get(user_text__contains="pelican")
    page.evaluate("window.same = true")
    page.get_by_role("searchbox").fill("pelican")
    expect(page.locator("#chat-list .snippet mark")).to_have_text("pelican")
    page.locator("#chat-list .title", has_text="The first").click()
    expect(page.locator(f"#turn-{found.pk}")).to_be_focused()
    assert in_view(page, found)
    assert page.evaluate("window.same")
    # A message that is sent now is followed again.
    visitor.say("And now?")
    expect(page.locator("#jump")).to_be_hidden()
    visitor.wait_for_end()


def test_the_mark_moves_nothing_where_motion_is_unwanted(visitor: Visitor, long_chat: Chat) -> None:
    page = visitor.page
    found = Turn.objects.get(user_text__contains="pelican")
    turn = page.locator(f"#turn-{found.pk}")
    page.goto(f"{visitor.url}/chat/{long_chat.pk}/#turn-{found.pk}")
    expect(turn).to_have_css("animation-name", "found")
    page.emulate_media(reduced_motion="reduce")
    expect(turn).to_have_css("animation-name", "none")
    expect(turn).not_to_have_css("box-shadow", "none")


def test_a_turn_on_another_branch_is_shown_in_the_tree_and_the_head_stays(
    visitor: Visitor,
) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("One.")
    visitor.talk("Two.")
    older = Turn.objects.oldest_first()[1]
    page.locator("#turns .turn:last-child .again").click()
    expect(page.get_by_text("2/2")).to_be_visible()
    visitor.wait_for_end()
    head = Chat.objects.get().head_id
    page.goto("about:blank")
    page.goto(f"{visitor.url}/chat/{older.chat_id}/?found#turn-{older.pk}")
    mark = page.locator(f'#tree-map [data-turn="{older.pk}"]')
    expect(mark).to_be_focused()
    expect(page.locator("#tree-at")).to_have_text(re.compile("^Turn 2: “Two.”"))
    expect(page.locator("#tree-summary")).to_contain_text("on another branch")
    assert Chat.objects.get().head_id == head
    # Nothing was searched by a reload, nor by a link back from the gate view.
    page.reload()
    expect(page.locator("#memory-turns")).to_have_text("2")
    expect(page.locator("#tree")).to_be_hidden()
    page.goto("about:blank")
    page.goto(f"{visitor.url}/chat/{older.chat_id}/?found#turn-{older.pk}")
    expect(mark).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("1/2")).to_be_visible()
    expect(page.locator("#tree-summary")).not_to_contain_text("on another branch")
    assert Chat.objects.get().head_id == older.pk


def test_a_turn_that_was_undone_is_shown_in_the_tree_of_one_branch(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("One.")
    visitor.talk("Two.")
    last = Turn.objects.oldest_first()[1]
    page.locator("#undo").click()
    expect(page.locator("#turns .turn")).to_have_count(1)
    expect(page.locator("#tree-open")).to_be_hidden()
    page.evaluate("id => { location.hash = `turn-${id}` }", str(last.pk))
    expect(page.locator(f'#tree-map [data-turn="{last.pk}"]')).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#tree-open")).to_be_focused()


def test_a_link_to_no_turn_of_the_chat_changes_nothing(visitor: Visitor) -> None:
    visitor.start_chat()
    visitor.talk("One.")
    visitor.page.evaluate("id => { location.hash = `turn-${id}` }", str(uuid4()))
    expect(visitor.page.locator("#tree")).to_be_hidden()
    expect(visitor.page.locator("#turns .turn")).to_have_count(1)
