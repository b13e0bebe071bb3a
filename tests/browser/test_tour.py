"""The tour of an empty chat, on the checkpoint that ships: each step's claim comes true."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from memory_app import registry
from memory_app.models import Checkpoint, Turn, TurnKind
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.slow

OTHERWISE = re.compile("turned out otherwise|这次结果不同")
STEPS = 9


@pytest.fixture
def checkpoint(transactional_db: None) -> Checkpoint:
    """The one that ships: a random model remembers nothing."""
    row = registry.register(registry.BUNDLED / "en")
    registry.promote(row)
    return row


def wait(page: Page, step: int) -> None:
    """Until the tour has taken so many steps, and its claim has come true."""
    expect(page.locator("#tour-at")).to_have_text(f"{step}/{STEPS}", timeout=60_000)
    expect(page.locator("#tour-next:not([aria-disabled])")).to_be_visible(timeout=60_000)
    rows = page.locator(".gauge-row").all_inner_texts()[:2]
    said = page.locator(".turn .text").all_inner_texts()
    assert not OTHERWISE.search(page.locator("#tour-look").inner_text()), (step, rows, said)


def marks_are_uncovered(page: Page) -> None:
    """The marked places are in view, and neither the card nor a sheet lies over one of them."""
    covered = page.evaluate(
        """() => [...document.querySelectorAll(".tour-mark")].filter((one) => {
          const { left, top, width, height } = one.getBoundingClientRect();
          const there = document.elementFromPoint(left + Math.min(width / 2, 40), top + height / 2);
          return !(there && (one.contains(there) || there.contains(one)));
        }).map((one) => one.textContent.trim().slice(0, 40))"""
    )
    assert covered == []


@pytest.mark.parametrize(("language", "size"), [("en", (1280, 800)), ("zh", (390, 844))])
def test_the_tour_runs_through(
    visitor: Visitor, context: BrowserContext, language: str, size: tuple[int, int]
) -> None:
    page = visitor.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{visitor.url}/")
    if language == "zh":
        page.get_by_role("button", name="中文").click()
    page.locator("form:has([name=tour]) button").click()
    page.wait_for_url("**/chat/*/")
    first = visitor.chat
    wait(page, 0)
    for step in range(1, STEPS + 1):
        page.locator("#tour-next").focus()
        page.keyboard.press("Enter")
        wait(page, step)
        expect(page.locator(".tour-mark").first).to_be_visible()
        if step == 4:  # the line's both ends, though other turns lie between them
            expect(page.locator(".turn .tour-mark")).to_have_count(2)
        if step != 6:  # there one place is in the memory and one among the messages
            marks_are_uncovered(page)
        expect(page.locator("#send")).to_be_visible()
        if step == 6:  # the reply that contradicts it is pointed at, and the page says why it stays
            expect(page.locator(".turn:not(.forgotten) .tour-mark")).to_contain_text("Oslo")
            expect(page.locator(".turn.forgotten .forgotten-note")).to_have_count(1)
        if step in (6, 8):
            expect(page.locator("#tour-look")).to_contain_text("Oslo")
        if step == 2:
            page.reload()  # it goes on where it was
            wait(page, step)
    page.wait_for_url(lambda url: str(first) not in url)
    kinds = list(Turn.objects.filter(chat=first).values_list("kind", flat=True))
    assert kinds.count(TurnKind.BLEND) == 1
    to = page.locator("#tour-look a")
    expect(to).to_have_count(3)
    assert page.request.get(f"{visitor.url}{to.nth(1).get_attribute('href')}").ok
    page.keyboard.press("Escape")
    expect(page.locator("#tour")).to_be_hidden()
    page.reload()
    expect(page.locator("#turns .turn").first).to_be_visible()
    expect(page.locator("#tour")).to_be_hidden()


def test_the_card_says_what_its_button_waits_for(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    page.route("**/gauge.json*", lambda route: route.fulfill(json={}))
    page.get_by_role("button", name="See it remember and forget: 2 minutes").click()
    page.locator("#tour-next").click()
    expect(page.locator("#tour-look")).to_contain_text("Waiting for the panel", timeout=30_000)
    expect(page.locator("#tour-next")).to_have_attribute("aria-disabled", "true")
    page.unroute("**/gauge.json*")
    expect(page.locator("#tour-at")).to_have_text(f"1/{STEPS}", timeout=30_000)


def test_the_tour_is_offered_in_an_empty_chat_and_can_be_left(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    offer = page.get_by_role("button", name="See it remember and forget: 2 minutes")
    offer.click()
    region = page.get_by_role("region", name="See it remember and forget")
    expect(region).to_be_visible()
    expect(page.locator("#tour-next")).to_be_focused()
    page.reload()
    expect(region).to_be_visible()
    page.get_by_role("button", name="Leave the tour").click()
    expect(region).to_be_hidden()
    expect(offer).to_be_visible()
