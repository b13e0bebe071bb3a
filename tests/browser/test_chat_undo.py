"""Undo and redo move the head: by button, by keys, and never in a text that is being written."""

from collections.abc import Callable

from playwright.sync_api import expect

from memory_app.models import Chat
from tests.browser.visitor import Visitor


def head(visitor: Visitor) -> str | None:
    turn = Chat.objects.get(pk=visitor.chat).head
    return turn.user_text if turn else None


def shown(visitor: Visitor, *texts: str) -> None:
    expect(visitor.page.locator("#turns .you .text")).to_have_text(list(texts))


def test_undo_and_redo_by_button_say_what_they_do_to_the_memory(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    undo = page.get_by_role("button", name="Undo the last turn")
    redo = page.get_by_role("button", name="Redo the turn")
    expect(undo).to_be_disabled()
    visitor.talk("One.")
    visitor.talk("Two.")
    expect(redo).to_be_disabled()
    hash_of_two = str(Chat.objects.get().head.state_sha256)[:12]
    expect(page.locator("#memory-hash")).to_have_text(hash_of_two)
    undo.click()
    shown(visitor, "One.")
    expect(page.get_by_text("1 turn set aside.")).to_be_visible()
    assert head(visitor) == "One."
    expect(page.locator("#memory-hash")).not_to_have_text(hash_of_two)
    undo.click()
    shown(visitor)
    expect(page.get_by_text("2 turns set aside.")).to_be_visible()
    assert head(visitor) is None
    expect(undo).to_be_disabled()
    # The memory was undone, not blanked: its panel has nothing to restore.
    expect(page.get_by_role("button", name="Blank memory")).to_be_disabled()
    later = page.locator("#later")
    later.get_by_role("button", name="Redo all 2 turns").click()
    shown(visitor, "One.", "Two.")
    undo.click()
    shown(visitor, "One.")
    undo.click()
    shown(visitor)
    later.get_by_role("button", name="Redo one turn").click()
    shown(visitor, "One.")
    later.get_by_role("button", name="Redo one turn").click()
    shown(visitor, "One.", "Two.")
    expect(page.locator("#memory-hash")).to_have_text(hash_of_two)
    expect(redo).to_be_disabled()


def test_undo_and_redo_by_keys_work_from_an_empty_composer(visitor: Visitor) -> None:
    visitor.start_chat()
    visitor.talk("One.")
    visitor.talk("Two.")
    keys = visitor.page.keyboard
    field = visitor.page.get_by_label("Message", exact=True)
    field.focus()
    keys.press("Control+z")
    shown(visitor, "One.")
    keys.press("Control+z")
    shown(visitor)
    keys.press("Control+Shift+z")
    shown(visitor, "One.")
    keys.press("Control+y")
    shown(visitor, "One.", "Two.")
    # Two at once: the second goes on from where the first is going.
    keys.press("Control+z")
    keys.press("Control+z")
    shown(visitor)
    assert head(visitor) is None


def test_in_a_text_the_keys_undo_the_text(visitor: Visitor) -> None:
    visitor.start_chat()
    visitor.talk("One.")
    field = visitor.page.get_by_label("Message", exact=True)
    field.focus()
    keys = visitor.page.keyboard
    keys.type("words")
    keys.press("Control+a")
    keys.press("Delete")
    expect(field).to_have_value("")
    keys.press("Control+z")
    expect(field).to_have_value("words")
    keys.press("Control+z")
    expect(field).not_to_have_value("words")
    shown(visitor, "One.")
    assert head(visitor) == "One."


def test_redo_goes_back_the_way_that_was_undone(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    first = visitor.talk("One.")
    page.get_by_role("button", name="regenerate").click()
    expect(page.get_by_text("2/2")).to_be_visible()
    visitor.wait_for_end()
    page.get_by_role("button", name="Previous version").click()
    expect(page.get_by_text("1/2")).to_be_visible()
    page.get_by_role("button", name="Undo the last turn").click()
    shown(visitor)
    page.get_by_role("button", name="Redo the turn").click()
    expect(page.get_by_text("1/2")).to_be_visible()
    assert visitor.reply() == first


def test_redo_goes_back_the_same_way_after_a_reload(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("One.")
    page.get_by_role("button", name="regenerate").click()
    expect(page.get_by_text("2/2")).to_be_visible()
    visitor.wait_for_end()
    page.get_by_role("button", name="Previous version").click()
    expect(page.get_by_text("1/2")).to_be_visible()
    visitor.talk("Two.")
    later = page.locator("#later")
    way_back = later.get_by_role("button", name="Redo all 2 turns")

    undo = page.get_by_role("button", name="Undo the last turn")
    undo.click()
    shown(visitor, "One.")
    undo.click()
    expect(way_back).to_be_visible()
    page.reload()
    expect(way_back).to_be_visible()
    later.get_by_role("button", name="Redo one turn").click()
    expect(page.get_by_text("1/2")).to_be_visible()
    # Redone in part and undone again, it still leads to both turns.
    page.get_by_role("button", name="Undo the last turn").click()
    page.reload()
    way_back.click()
    shown(visitor, "One.", "Two.")


def test_another_tab_is_where_undo_has_gone(
    visitor: Visitor, another_tab: Callable[[], Visitor]
) -> None:
    visitor.start_chat()
    visitor.talk("One.")
    visitor.talk("Two.")
    other = another_tab()
    other.page.goto(visitor.page.url)
    shown(other, "One.", "Two.")
    visitor.page.get_by_role("button", name="Undo the last turn").click()
    shown(other, "One.")
    expect(other.page.get_by_role("button", name="Redo the turn")).to_be_enabled()
