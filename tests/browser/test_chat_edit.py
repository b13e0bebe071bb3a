"""A message in other words, beside the old one; the arrows between them; by pointer and by keys."""

import re

from playwright.sync_api import expect

from memory_app.models import Turn
from tests.browser.visitor import Visitor


def test_a_message_is_edited_in_its_place_by_keyboard_alone(visitor: Visitor) -> None:
    page = visitor.page
    chat = visitor.start_chat()
    visitor.talk("My name is Clara.")
    page.get_by_role("button", name="Edit this message").focus()
    page.keyboard.press("Enter")
    field = page.get_by_label("Edit this message").and_(page.locator("textarea"))
    expect(field).to_be_focused()
    expect(field).to_have_value("My name is Clara.")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("And I am well.")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2/2")).to_be_visible()
    visitor.wait_for_end()
    turns = list(Turn.objects.filter(chat=chat).oldest_first())
    assert [turn.user_text for turn in turns] == [
        "My name is Clara.",
        "My name is Clara.\nAnd I am well.",
    ]
    assert turns[0].parent_id == turns[1].parent_id
    expect(page.locator(".you .text")).to_have_text("My name is Clara.\nAnd I am well.")
    expect(page.locator("#turns .turn")).to_have_count(1)


def test_escape_and_cancel_leave_a_message_as_it_was(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("Keep me.")
    page.locator("#turns .you").hover()
    pen = page.get_by_role("button", name="Edit this message")
    for leave in (
        lambda: page.keyboard.press("Escape"),
        lambda: page.get_by_role("button", name="Cancel").click(),
    ):
        pen.click()
        page.keyboard.type(" Or not.")
        leave()
        expect(page.locator(".editor")).to_have_count(0)
        expect(pen).to_be_focused()
    expect(page.locator(".you .text")).to_have_text("Keep me.")
    assert Turn.objects.count() == 1


def test_escape_in_an_editor_leaves_a_reply_running(visitor: Visitor, slowly: None) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("First.")
    visitor.say("Second.")
    visitor.wait_for_words(5)
    page.locator("#turns .turn").first.locator(".edit").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # a reply still runs: nothing is lost, and it is said
    expect(page.get_by_role("alert")).to_contain_text("A reply is still being written")
    page.keyboard.press("Escape")
    expect(page.locator(".editor")).to_have_count(0)
    assert visitor.status() == "running"
    page.keyboard.press("Escape")
    visitor.wait_for_end()
    assert visitor.status() == "stopped"


def test_an_edit_that_is_refused_is_still_there_to_mend(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("Whole.")
    page.locator("#turns .you").hover()
    page.get_by_role("button", name="Edit this message").click()
    field = page.locator(".editor textarea")
    field.evaluate("one => { one.value = 'half \\ud83d a face'; }")
    field.dispatch_event("input")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("can't be stored")
    assert field.evaluate("one => one.value === 'half \\ud83d a face'")
    expect(page.locator("#turns .turn")).to_have_count(1)
    field.fill("A whole face.")
    page.locator(".editor").get_by_role("button", name="Send").click()
    expect(page.get_by_text("2/2")).to_be_visible()
    visitor.wait_for_end()


def test_an_editor_knows_the_limit(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("Short.")
    page.locator("#turns .you").hover()
    page.get_by_role("button", name="Edit this message").click()
    field = page.locator(".editor textarea")
    field.fill("x" * 4001)
    expect(page.get_by_text("1 character too many")).to_be_visible()
    field.press("Enter")
    expect(page.locator(".editor").get_by_role("button", name="Send")).to_be_disabled()
    assert Turn.objects.count() == 1


def test_the_arrows_between_versions_keep_the_focus(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    replies = [visitor.talk("Hello.")]
    for count in (2, 3):
        page.get_by_role("button", name="regenerate").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"{count}/{count}")).to_be_visible()
        visitor.wait_for_end()
        replies.append(visitor.reply())
    before = page.get_by_role("button", name="Previous version")
    before.focus()
    for place in (2, 1):
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"{place}/3")).to_be_visible()
        assert visitor.reply() == replies[place - 1]
    # There is none before the first: the focus goes to the arrow that still leads somewhere.
    expect(page.get_by_role("button", name="Next version")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2/3")).to_be_visible()
    expect(page.get_by_role("button", name="Next version")).to_be_focused()


def test_how_a_reply_was_drawn_can_be_read_under_it(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("Hello.")
    how = page.get_by_role("button", name="How this reply was sampled")
    how.focus()
    page.keyboard.press("Enter")
    drawn = page.locator("#turns .drawn")
    turn = Turn.objects.get()
    expect(drawn).to_contain_text(re.compile(rf"temperature\s*0\.8[\s\S]*seed\s*{turn.seed}"))
    expect(how).to_have_attribute("aria-expanded", "true")
    how.click()
    expect(drawn).to_be_hidden()


def test_what_an_edited_first_message_set_aside_is_told_for_what_it_is(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    visitor.talk("I like music.")
    page.locator(".turn").first.get_by_role("button", name="Edit this message").click()
    page.locator(".editor textarea").fill("My name is Anna.")
    page.locator(".editor").get_by_role("button", name="Send").click()
    expect(page.locator(".turn")).to_have_count(1)
    visitor.wait_for_end()
    expect(page.locator("#aside span")).to_have_text(
        "2 turns are on another branch, which begins with another first message."
    )
