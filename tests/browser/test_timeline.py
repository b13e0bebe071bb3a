"""The timeline of a chat: a path, a matrix and a list, each of which leads to the turn."""

import pytest
from playwright.sync_api import expect

from memory_app.models import Turn
from tests.browser.visitor import Visitor


@pytest.fixture
def timeline(visitor: Visitor) -> Visitor:
    visitor.start_chat()
    for text in ("My name is Clara.", "I live in Oslo.", "No, I live in Rome."):
        visitor.talk(text)
    visitor.page.get_by_role("link", name="How the memory moved").click()
    expect(visitor.page.locator("#path svg")).to_be_visible()
    return visitor


def test_each_turn_is_a_point_a_field_and_a_row_that_open_it(timeline: Visitor) -> None:
    page = timeline.page
    turns = list(Turn.objects.oldest_first())
    expect(page.locator("#path a")).to_have_count(3)
    expect(page.locator("#list tr")).to_have_count(3)
    expect(page.locator("#summary")).to_contain_text("Layer 2")
    base = page.url
    page.locator("#path a").nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/turn/{turns[1].pk}/**")
    page.goto(base)
    expect(page.locator("#path svg")).to_be_visible()
    page.locator("#matrix").focus()
    found = page.request.get(f"{base.rstrip('/')}.json").json()["layers"][1]["distances"]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    said = page.locator("#matrix-value").inner_text()
    assert said.startswith("turn 2, turn 1: distance ")
    assert float(said.rsplit(" ", 1)[1]) == pytest.approx(found[2][1], rel=1e-3)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/turn/{turns[1].pk}/**")


def test_layers_files_and_a_phone(timeline: Visitor) -> None:
    page = timeline.page
    page.get_by_role("radio", name="Layer 1").click()
    expect(page.locator("#summary")).to_contain_text("Layer 1")
    for name, ending in (
        ("Save path as CSV", "path-layer-1.csv"), ("Save path as SVG", "path-layer-1.svg"),
        ("Save distances as CSV", "distances-layer-1.csv"),
        ("Save distances as PNG", "distances-layer-1.png"),
        ("Save numbers as CSV", "numbers-layer-1.csv"),
        ("Save plot as PNG", "numbers-layer-1.png"),
    ):  # fmt: skip
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        assert download.value.suggested_filename.endswith(ending)
        assert len(download.value.path().read_bytes()) > 40
    for axis in ("#row-ticks", "#column-ticks"):
        expect(page.locator(f"{axis} span")).to_have_text(["0", "1", "2", "3"])
    expect(page.locator("#scale-low")).to_have_text("0: the same")
    expect(page.locator("#scale-high")).to_contain_text("farthest apart")
    page.set_viewport_size({"width": 390, "height": 844})
    # Its words keep their size on a phone.
    expect(page.locator("#path svg")).not_to_have_attribute("viewBox", "0 0 560 560")
    assert page.locator("#path text").first.evaluate(
        "one => one.getScreenCTM().a * one.getAttribute('font-size')"
    ) >= 12  # fmt: skip
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_blank_chat_says_so(visitor: Visitor) -> None:
    visitor.start_chat()
    page = visitor.page
    page.goto(f"{page.url.split('#')[0]}timeline/")
    expect(page.locator("#state")).to_contain_text("No turns yet")
