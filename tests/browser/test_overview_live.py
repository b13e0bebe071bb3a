"""The overview tells what the site does at this moment, while sockets are open and replies run."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import slow_down
from tests.browser.visitor import Visitor


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply takes longer than the overview needs to tell of it."""
    slow_down(monkeypatch, 0.2)


@pytest.fixture
def overview(browser: Browser, as_staff: Callable[[Page, str], Page]) -> Iterator[Page]:
    """The page of a member of staff, in a browser of her own."""
    context = browser.new_context()
    yield as_staff(context.new_page(), "/admin/")
    context.close()


def expect_figures(page: Page, **figures: int) -> None:
    """The tiles come to show them; nobody loads the page again."""
    for name, value in figures.items():
        title = name.replace("_", " ").capitalize()
        tile = page.locator("#live .tile").filter(has=page.get_by_text(title, exact=True))
        expect(tile.locator("dd").first).to_have_text(str(value))


def test_sockets_replies_batch_and_queue_are_those_of_this_moment(
    overview: Page,
    visitor: Visitor,
    another_tab: Callable[[], Visitor],
    will_say: Callable[[str], None],
    unhurried: None,
    settings: Any,
) -> None:
    settings.MEMORY_MAX_BATCH = 1
    nothing = {"running_replies": 0, "engine_batch": 0, "waiting_replies": 0}
    expect_figures(overview, open_connections=0, **nothing)
    other = another_tab()
    for one in (visitor, other):
        one.start_chat()
    expect_figures(overview, open_connections=2, **nothing)

    will_say(" ".join(map(str, range(100, 160))))
    for one in (visitor, other):
        one.say("Count for me.")
        expect(one.page.locator(".turn")).to_have_count(1)
    expect_figures(
        overview, open_connections=2, running_replies=2, engine_batch=1, waiting_replies=1
    )
    expect(overview.locator("#live")).to_contain_text(re.compile("of at most 1, .* ms per step"))
    assert visitor.status() == other.status() == "running"

    for one in (visitor, other):
        one.page.get_by_role("button", name="Stop").click()
        one.wait_for_end()
    expect_figures(overview, open_connections=2, **nothing)
    other.page.close()
    expect_figures(overview, open_connections=1, **nothing)
    # Leaving the page closes its socket, and what was said is counted.
    visitor.page.goto(f"{visitor.url}/about/memory/")
    expect_figures(overview, open_connections=0, **nothing)
    expect(overview.locator("#live")).not_to_contain_text(re.compile(r"\b0 tokens since"))
