"""Two replies from the same memory: beside each other, or one minus the other."""

import numpy as np
import pytest
from playwright.sync_api import expect

from memory_app.models import Turn
from tests.browser.gate_view import Trace, cell, drawn, number, open_gates, place, rows, trace_of
from tests.browser.visitor import Visitor


@pytest.fixture
def two(visitor: Visitor) -> Visitor:
    """The gate view of the second of two replies."""
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    visitor.page.get_by_role("button", name="regenerate").click()
    expect(visitor.page.get_by_text("2/2")).to_be_visible()
    visitor.wait_for_end()
    return open_gates(visitor)


@pytest.fixture
def first(two: Visitor) -> Turn:
    return Turn.objects.oldest_first()[0]


def other(two: Visitor) -> tuple[float, float]:
    """What the other reply has at the mark, and the difference."""
    value, gap = two.page.locator("#at-other").inner_text().split(" (")
    return number(value), number(gap.rstrip(")"))


def test_the_difference_is_nothing_in_the_prompt_and_that_of_the_traces_after_it(
    two: Visitor, first: Turn
) -> None:
    page = two.page
    page.get_by_label("Compare with").select_option(str(first.pk))
    drawn(page, "f 0 mean difference")
    own, theirs = trace_of(page), trace_of(page, first.pk)
    order = rows(own["f"][:, 0].mean(axis=0))
    tokens = min(len(own["f"]), len(theirs["f"]))
    cut: Trace = {"f": own["f"][:tokens]}
    equal = int(np.argmin(own["token_ids"][:tokens] == theirs["token_ids"][:tokens]))
    expect(page.locator("#compared")).to_contain_text(f"equal up to token {equal + 1}")
    for token, row in ((1, 3), (equal - 1, 8), (equal, 2), (tokens - 1, 15)):
        at = cell(page, token, row, cut)
        at["canvas"].hover(position=at["position"])
        assert place(page) == (token, order[row])
        value, gap = other(two)
        mine, yours = own["f"][token, 0, order[row]], theirs["f"][token, 0, order[row]]
        assert value == pytest.approx(yours, abs=6e-4)
        assert gap == pytest.approx(yours - mine, abs=6e-4)
        assert (token < equal) <= (gap == 0)


def test_a_difference_has_a_scale_of_its_own(two: Visitor, first: Turn) -> None:
    page = two.page
    scale = page.locator(".pane .ramp-key")
    expect(scale).to_be_hidden()
    page.get_by_label("Compare with").select_option(str(first.pk))
    drawn(page, "f 0 mean difference")
    own, theirs = trace_of(page)["f"][:, 0], trace_of(page, first.pk)["f"][:, 0]
    tokens = min(len(own), len(theirs))
    most = float(np.abs(theirs[:tokens] - own[:tokens]).max())
    low, high = (number(text.lstrip("+")) for text in scale.inner_text().split())
    assert (low, high) == pytest.approx((-most, most), abs=1e-3)
    page.get_by_role("radio", name="side by side").click()
    drawn(page, "f 0 mean side")
    for one in scale.all():
        expect(one).to_be_hidden()


def test_side_by_side_both_are_read_and_each_has_its_own_sentence(
    two: Visitor, first: Turn
) -> None:
    page = two.page
    page.get_by_label("Compare with").select_option(str(first.pk))
    page.get_by_role("radio", name="side by side").click()
    drawn(page, "f 0 mean side")
    expect(page.locator(".pane figcaption")).to_have_text(["this reply", "reply 1"])
    theirs = trace_of(page, first.pk)
    order = rows(trace_of(page)["f"][:, 0].mean(axis=0))
    at = cell(page, 2, 4, theirs, pane=1)
    at["canvas"].hover(position=at["position"])
    assert place(page) == (2, order[4])
    assert other(two)[0] == pytest.approx(theirs["f"][2, 0, order[4]], abs=6e-4)
    words = page.locator("#other-sentence .token").all_text_contents()
    assert len(words) == len(theirs["token_ids"])
    page.get_by_label("Compare with").select_option("")
    drawn(page, "f 0 mean")
    expect(page.locator("#other")).to_be_hidden()
    expect(page.locator(".pane")).to_have_count(1)


def test_comparing_works_by_keyboard_alone_and_with_all_layers(two: Visitor) -> None:
    page = two.page
    page.get_by_label("Compare with").focus()
    page.keyboard.press("1")
    drawn(page, "f 0 mean difference")
    page.get_by_role("radio", name="difference").focus()
    page.keyboard.press("ArrowRight")
    drawn(page, "f 0 mean side")
    page.get_by_role("radio", name="All layers").click()
    drawn(page, "f all mean side")
    expect(page.locator(".pane")).to_have_count(4)


def test_replies_are_a_link_apart(two: Visitor, first: Turn) -> None:
    page = two.page
    nav = page.get_by_role("navigation", name="Replies from the same memory")
    expect(nav.get_by_role("link")).to_have_text(["1", "2"])
    expect(nav.get_by_role("link", name="2")).to_have_attribute("aria-current", "page")
    nav.get_by_role("link", name="1").click()
    page.wait_for_url(f"**/turn/{first.pk}/**")
    drawn(page)
    expect(nav.get_by_role("link", name="1")).to_have_attribute("aria-current", "page")


def test_a_reply_to_another_message_is_a_link_and_not_compared_with(
    two: Visitor, first: Turn
) -> None:
    Turn.objects.filter(pk=first.pk).update(user_token_ids=first.user_token_ids[:-1])
    page = two.page
    page.reload()
    drawn(page)
    expect(page.get_by_label("Compare with")).to_be_hidden()
    nav = page.get_by_role("navigation", name="Replies from the same memory")
    expect(nav.get_by_role("link")).to_have_text(["1", "2"])
