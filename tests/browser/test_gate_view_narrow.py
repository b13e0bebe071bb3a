"""On a phone the map scrolls in its own box and the page never sideways; theme and language."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.gate_view import drawn, open_gates
from tests.browser.visitor import Visitor


def overflow(page: Page) -> int:
    return page.evaluate("() => document.documentElement.scrollWidth - innerWidth")


@pytest.fixture
def phone(page: Page, visitor: Visitor) -> Visitor:
    visitor.start_chat()
    visitor.talk("My name is Clara and I live in Lima. " * 20)
    open_gates(visitor)
    page.set_viewport_size({"width": 390, "height": 844})
    return visitor


def test_only_the_map_scrolls_sideways(phone: Visitor) -> None:
    page = phone.page
    assert overflow(page) <= 0
    box = page.locator("#map")
    assert box.evaluate("one => one.scrollWidth > one.clientWidth")
    box.focus()
    page.keyboard.press("End")
    assert box.evaluate("one => one.scrollLeft > 0")
    for name in ("All layers", "h hidden"):
        page.get_by_role("radio", name=name).click()
    drawn(page, "h all timescale")
    assert overflow(page) <= 0
    expect(page.locator(".pane")).to_have_count(2)


def test_a_theme_switched_on_the_page_draws_it_all_again(gates: Visitor) -> None:
    page = gates.page

    def ground() -> list[int]:
        """The colour of the smallest value, at the left end of the ramp."""
        return page.locator("#legend").evaluate(
            "one => [...one.getContext('2d').getImageData(0, 0, 1, 1).data]"
        )

    before = ground()
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("#panes")).to_have_attribute("data-shown", "f 1 timescale")
    for _ in range(50):
        if ground() != before:
            break
        page.wait_for_timeout(100)
    assert ground() != before


def test_the_page_speaks_chinese(gates: Visitor) -> None:
    page = gates.page
    page.get_by_role("button", name="中文").click()
    drawn(page)
    expect(page.get_by_text("复制链接")).to_be_visible()
    expect(page.locator("#beat-head")).to_contain_text("比特")
    expect(page.locator("#coloured")).to_contain_text("着色")
