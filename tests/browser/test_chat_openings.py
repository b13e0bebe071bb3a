"""An opening is an experiment in steps: a click says the first, the next ones are offered."""

from playwright.sync_api import expect

from memory_app.models import Turn
from memory_app.views.chat.openings import openings
from tests.browser.visitor import Visitor


def test_each_opening_is_walked_to_its_end(visitor: Visitor) -> None:
    page = visitor.page
    opening = openings("en")[0]
    chat = visitor.start_chat()
    expect(page.locator(".opening")).to_have_count(3)
    chosen = page.get_by_role("button", name=opening["name"])
    chosen.focus()
    page.keyboard.press("Enter")
    for step in opening["steps"][1:]:
        following = page.get_by_role("button", name=f"Say next: {step}")
        expect(following).to_be_visible()
        expect(page.locator("#watch")).to_have_text(opening["watch"])
        expect(following).to_be_in_viewport(ratio=1)
        following.focus()
        page.keyboard.press("Enter")
    expect(page.locator("#turns .turn")).to_have_count(len(opening["steps"]))
    visitor.wait_for_end()
    expect(page.locator("#watch")).to_have_text(opening["watch"])
    expect(page.locator("#next-step")).to_be_hidden()
    # So does it after a look at the gates; what is said next is another matter.
    page.locator(".turn").last.get_by_role("link", name="gates").last.click()
    page.wait_for_url("**/turn/**")
    page.go_back()
    expect(page.locator("#watch")).to_have_text(opening["watch"])
    said = [turn.user_text for turn in Turn.objects.filter(chat=chat).oldest_first()]
    assert said == list(opening["steps"])
    visitor.talk("Something else.")
    expect(page.locator("#next")).to_be_hidden()


def test_the_next_step_is_offered_with_its_meaning(visitor: Visitor) -> None:
    """The model's language is English here, the reader's Chinese."""
    page = visitor.page
    page.goto(f"{visitor.url}/")
    page.get_by_role("button", name="中文").click()
    page.get_by_role("button", name="开始对话").click()
    page.locator(".opening").first.click()
    following = page.locator("#next-step")
    expect(following).to_contain_text("I like music.")
    expect(page.locator("#next-meaning")).to_have_text("我喜欢音乐。")
    expect(following).to_have_accessible_description("我喜欢音乐。")


def test_an_opening_goes_on_after_a_reload_and_can_be_left(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    page.get_by_label("Message", exact=True).fill("a draft")
    page.locator(".opening").nth(1).click()
    expect(page.locator("#next-step")).to_be_visible()
    page.reload()
    expect(page.locator("#next-step")).to_be_visible()
    page.get_by_role("button", name="Close this experiment").click()
    expect(page.locator("#next")).to_be_hidden()
    page.reload()
    expect(page.locator("#turns .turn")).to_have_count(1)
    expect(page.locator("#next")).to_be_hidden()
    expect(page.get_by_label("Message", exact=True)).to_have_value("a draft")
