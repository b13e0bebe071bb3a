"""Several tabs on one chat show one chat, without anybody loading anything again."""

from collections.abc import Callable

from playwright.sync_api import expect

from memory_app.models import Chat, Turn
from tests.browser.visitor import Visitor


def test_a_first_message_and_its_title_are_in_the_other_tab_at_once(
    visitor: Visitor, another_tab: Callable[[], Visitor]
) -> None:
    visitor.start_chat()
    other = another_tab()
    other.page.goto(visitor.page.url)
    expect(other.page.locator("#openings")).to_be_visible()
    visitor.say("My name is Clara.")
    expect(other.page.locator("#turns .you .text")).to_have_text(["My name is Clara."])
    for one in (visitor, other):
        expect(one.page.locator("#title")).to_have_text("My name is Clara.")
        expect(one.page.locator("#openings")).to_be_hidden()
    other.wait_for_end()
    assert other.reply() == Turn.objects.get().reply_text


def test_an_edit_and_a_version_chosen_are_in_the_other_tab_at_once(
    visitor: Visitor, another_tab: Callable[[], Visitor]
) -> None:
    visitor.start_chat()
    visitor.talk("One.")
    visitor.talk("Two.")
    other = another_tab()
    other.page.goto(visitor.page.url)
    said = other.page.locator("#turns .you .text")
    expect(said).to_have_text(["One.", "Two."])
    visitor.page.locator("#turns .turn").first.locator(".you").hover()
    visitor.page.get_by_role("button", name="Edit this message").first.click()
    visitor.page.keyboard.type(" Or more.")
    visitor.page.keyboard.press("Enter")
    expect(said).to_have_text(["One. Or more."])
    expect(other.page.get_by_text("2/2")).to_be_visible()
    other.wait_for_end()
    visitor.wait_for_end()
    other.page.get_by_role("button", name="Previous version").click()
    for one in (visitor, other):
        expect(one.page.locator("#turns .you .text")).to_have_text(["One.", "Two."])
    assert Chat.objects.get().head.user_text == "Two."


def test_what_is_being_edited_here_stays_while_the_other_tab_talks(
    visitor: Visitor, another_tab: Callable[[], Visitor]
) -> None:
    visitor.start_chat()
    visitor.talk("One.")
    other = another_tab()
    other.page.goto(visitor.page.url)
    visitor.page.locator("#turns .you").hover()
    visitor.page.get_by_role("button", name="Edit this message").click()
    visitor.page.keyboard.type(" Half")
    other.talk("Two.")
    expect(visitor.page.locator("#turns .turn")).to_have_count(2)
    editor = visitor.page.locator(".editor textarea")
    expect(editor).to_be_focused()
    expect(editor).to_have_value("One. Half")


def test_another_title_is_in_the_other_tab_once_it_is_given(
    visitor: Visitor, another_tab: Callable[[], Visitor]
) -> None:
    visitor.start_chat()
    visitor.talk("One.")
    other = another_tab()
    other.page.goto(visitor.page.url)
    visitor.page.locator("#title").click()
    visitor.page.keyboard.type("<b>Ours</b>")
    visitor.page.keyboard.press("Enter")
    for one in (visitor, other):
        expect(one.page.locator("#title")).to_have_text("<b>Ours</b>")


def test_a_message_refused_for_another_tabs_says_so_until_the_next_key(
    visitor: Visitor, another_tab: Callable[[], Visitor]
) -> None:
    visitor.start_chat()
    visitor.talk("One.")
    other = another_tab()
    other.page.goto(visitor.page.url)
    expect(other.page.locator("#memory-turns")).to_have_text("1")
    # Both at once: the refusal is the one that the second request gets.
    chat = Chat.objects.get()
    Chat.objects.filter(pk=chat.pk).update(running=chat.head)
    other.say("Two.")
    problem = other.page.locator("#problem")
    expect(problem).to_contain_text("a message from another tab was being answered")
    Chat.objects.filter(pk=chat.pk).update(running=None)
    field = other.page.get_by_label("Message", exact=True)
    expect(field).to_have_value("Two.")
    visitor.talk("Three.")
    expect(other.page.locator("#turns .turn")).to_have_count(2)
    other.wait_for_end()
    expect(problem).to_be_visible()
    field.press("Enter")
    expect(other.page.locator("#turns .turn")).to_have_count(3)
    expect(problem).to_be_hidden()
