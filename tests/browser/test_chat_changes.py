"""A change of the memory is a rule in the chat, and undo, redo and the map pass through it."""

from collections.abc import Callable
from uuid import uuid4

from playwright.sync_api import expect

from memory_app import services
from memory_app.models import Chat
from tests.browser.visitor import Visitor

SENTENCE = "Memory edited: 2 units set to 0."


def change(visitor: Visitor) -> None:
    chat = Chat.objects.select_related("checkpoint").get(pk=visitor.chat)
    services.memory_set(
        chat=chat,
        client_turn_id=uuid4(),
        turn=chat.head_id,
        change={"set": [["c", 0, 1, 0], ["c", 1, 2, 0]]},
    )


def test_a_change_is_a_rule_that_undo_and_redo_pass(
    visitor: Visitor, will_say: Callable[[str], None]
) -> None:
    page = visitor.page
    will_say("Your name is Clara.")  # no Markdown: that may be lower after a reload
    visitor.start_chat()
    visitor.talk("One.")
    change(visitor)
    note = page.locator(".turn.change")
    expect(note).to_have_text(SENTENCE)  # the page learns of it by itself
    visitor.talk("Two.")
    expect(page.locator("#turns > li")).to_have_count(3)
    expect(note).to_have_count(1)
    hash_of_two = str(Chat.objects.get().head.state_sha256)[:12]
    undo = page.get_by_role("button", name="Undo the last turn")
    undo.click()
    expect(page.locator("#turns > li")).to_have_count(2)
    undo.click()
    expect(note).to_have_count(0)
    redo = page.get_by_role("button", name="Redo the turn")
    redo.click()
    expect(note).to_have_text(SENTENCE)
    redo.click()
    expect(page.locator("#memory-hash")).to_have_text(hash_of_two)
    # Drawn by the server in the same way.
    before = note.bounding_box()
    page.reload()
    expect(note).to_have_text(SENTENCE)
    expect(page.locator("#memory-hash")).to_have_text(hash_of_two)
    assert note.bounding_box() == before


def test_the_map_names_a_change_and_leads_to_it(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("One.")
    change(visitor)
    expect(page.locator(".turn.change")).to_have_count(1)
    visitor.talk("Two.")
    page.get_by_role("button", name="Undo the last turn").click()
    expect(page.locator("#turns > li")).to_have_count(2)
    visitor.talk("Three.")
    page.locator("#tree-open").click()
    mark = page.get_by_role("button", name=f"Turn 2: {SENTENCE}")
    mark.click()
    expect(page.locator("#turns > li")).to_have_count(2)
    expect(page.locator("#turns > li").last).to_have_class("turn change")
