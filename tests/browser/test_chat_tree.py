"""The map of branches: there once there is a branch, gone about by keys or by pointer."""

from playwright.sync_api import expect

from memory_app.models import Chat, Turn
from tests.browser.visitor import Visitor


def branched(visitor: Visitor) -> None:
    """Two versions of the second message, the later one on the page."""
    visitor.start_chat()
    visitor.talk("One.")
    visitor.talk("Two.")
    visitor.page.locator("#turns .turn:last-child .again").click()
    expect(visitor.page.get_by_text("2/2")).to_be_visible()
    visitor.wait_for_end()


def test_there_is_no_map_before_there_is_a_branch(visitor: Visitor) -> None:
    visitor.start_chat()
    visitor.talk("One.")
    opener = visitor.page.locator("#tree-open")
    expect(opener).to_be_hidden()
    visitor.page.get_by_role("button", name="regenerate").click()
    expect(visitor.page.get_by_text("2/2")).to_be_visible()
    visitor.wait_for_end()
    expect(opener).to_be_visible()
    expect(opener).to_have_accessible_name("All branches of this chat: 2")


def test_the_map_is_walked_by_arrow_keys_and_enter_goes_there(visitor: Visitor) -> None:
    branched(visitor)
    page = visitor.page
    older = Turn.objects.oldest_first()[1]
    opener = page.locator("#tree-open")
    opener.focus()
    page.keyboard.press("Enter")
    here = page.get_by_role("button", name="You are here.")
    expect(here).to_be_focused()
    expect(here).to_have_attribute("aria-current", "step")
    expect(here).to_have_accessible_name("Turn 2: “Two.”, cut off. You are here.")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#tree-at")).to_have_text(
        "Turn 1: “One.”, cut off. On the path to where you are."
    )
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#tree-at")).to_have_text("Start: blank memory.")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#tree-at")).to_have_text("Start: blank memory.")
    page.keyboard.press("End")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#tree-at")).to_have_text("Turn 2: “Two.”, cut off.")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1/2")).to_be_visible()
    # The map follows, and the focus stays where it was.
    expect(page.get_by_role("button", name="You are here.")).to_be_focused()
    assert Chat.objects.get().head_id == older.pk
    page.keyboard.press("Escape")
    expect(page.locator("#tree")).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_click_on_the_map_goes_there_and_on_the_start_to_a_blank_memory(
    visitor: Visitor,
) -> None:
    branched(visitor)
    page = visitor.page
    page.locator("#tree-open").click()
    page.get_by_role("button", name="Turn 1: “One.”").click()
    expect(page.locator("#turns .turn")).to_have_count(1)
    assert Chat.objects.get().head.user_text == "One."
    page.get_by_role("button", name="Start: blank memory.").click()
    expect(page.locator("#turns .turn:not(.faded)")).to_have_count(0)
    assert Chat.objects.get().head is None
    # The map covers nothing, so it stays while one writes; Escape shuts it.
    page.locator("#text").click()
    expect(page.locator("#tree")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#tree")).to_be_hidden()


def test_a_turn_that_came_to_nothing_is_crossed_and_cannot_be_gone_to(visitor: Visitor) -> None:
    branched(visitor)
    page = visitor.page
    lost = Turn.objects.oldest_first()[1]
    Turn.objects.filter(pk=lost.pk).update(status="failed", state=None, state_sha256=None)
    page.reload()
    page.locator("#tree-open").click()
    mark = page.get_by_role("button", name="Turn 2: “Two.”, failed.")
    expect(mark).to_have_attribute("aria-disabled", "true")
    expect(mark.locator("path.cross")).to_have_count(1)
    mark.dispatch_event("click")
    assert Chat.objects.get().head_id != lost.pk
    expect(page.get_by_text("Turns: 3. Branches: 2. You are after turn 2.")).to_be_visible()
