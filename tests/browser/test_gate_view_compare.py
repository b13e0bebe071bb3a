"""Two replies from the same memory: beside each other, or one minus the other."""

import numpy as np
import pytest
from playwright.sync_api import expect

from memory_app.models import Turn
from tests.browser.gate_view import (
    Trace,
    by_timescale,
    cell,
    drawn,
    number,
    open_gates,
    place,
    trace_of,
)
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
    drawn(page, "f 1 timescale difference")
    own, theirs = trace_of(page), trace_of(page, first.pk)
    order = by_timescale(own, 1)
    tokens = min(len(own["f"]), len(theirs["f"]))
    cut: Trace = {"f": own["f"][:tokens]}
    equal = int(np.argmin(own["token_ids"][:tokens] == theirs["token_ids"][:tokens]))
    expect(page.locator("#compared")).to_contain_text(f"equal up to token {equal + 1}")
    for token, row in ((1, 3), (equal - 1, 8), (equal, 2), (tokens - 1, 15)):
        at = cell(page, token, row, cut)
        at["canvas"].hover(position=at["position"])
        assert place(page) == (token, order[row])
        value, gap = other(two)
        mine, yours = own["f"][token, 1, order[row]], theirs["f"][token, 1, order[row]]
        assert value == pytest.approx(yours, abs=6e-4)
        assert gap == pytest.approx(yours - mine, abs=6e-4)
        assert (token < equal) <= (gap == 0)


def test_a_difference_has_a_scale_of_its_own(two: Visitor, first: Turn) -> None:
    page = two.page
    scale = page.locator(".pane .ramp-key")
    expect(scale).to_be_hidden()
    page.get_by_label("Compare with").select_option(str(first.pk))
    drawn(page, "f 1 timescale difference")
    own, theirs = trace_of(page)["f"][:, 1], trace_of(page, first.pk)["f"][:, 1]
    tokens = min(len(own), len(theirs))
    most = float(np.abs(theirs[:tokens] - own[:tokens]).max())
    low, high = (number(text.lstrip("+")) for text in scale.inner_text().split())
    assert (low, high) == pytest.approx((-most, most), abs=1e-3)
    page.get_by_role("radio", name="side by side").click()
    drawn(page, "f 1 timescale side")
    for one in scale.all():
        expect(one).to_be_hidden()


def test_side_by_side_both_are_read_and_each_has_its_own_sentence(
    two: Visitor, first: Turn
) -> None:
    page = two.page
    page.get_by_label("Compare with").select_option(str(first.pk))
    page.get_by_role("radio", name="side by side").click()
    drawn(page, "f 1 timescale side")
    expect(page.locator(".pane figcaption")).to_have_text(["this reply", "reply 1"])
    theirs = trace_of(page, first.pk)
    order = by_timescale(trace_of(page), 1)
    at = cell(page, 2, 4, theirs, pane=1)
    at["canvas"].hover(position=at["position"])
    assert place(page) == (2, order[4])
    assert other(two)[0] == pytest.approx(theirs["f"][2, 1, order[4]], abs=6e-4)
    words = page.locator("#other-sentence .token").all_text_contents()
    assert len(words) == len(theirs["token_ids"])
    page.get_by_label("Compare with").select_option("")
    drawn(page, "f 1 timescale")
    expect(page.locator("#other")).to_be_hidden()
    expect(page.locator(".pane")).to_have_count(1)


def test_comparing_works_by_keyboard_alone_and_with_all_layers(two: Visitor) -> None:
    page = two.page
    page.get_by_label("Compare with").focus()
    page.keyboard.press("1")
    drawn(page, "f 1 timescale difference")
    page.get_by_role("radio", name="difference").focus()
    page.keyboard.press("ArrowRight")
    drawn(page, "f 1 timescale side")
    page.get_by_role("radio", name="All layers").click()
    drawn(page, "f all timescale side")
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


def test_a_reply_to_another_message_is_a_link_and_compared_as_another_turn(
    two: Visitor, first: Turn
) -> None:
    Turn.objects.filter(pk=first.pk).update(user_token_ids=first.user_token_ids[:-1])
    page = two.page
    page.reload()
    drawn(page)
    groups = page.locator("#with optgroup")
    expect(groups).to_have_count(1)
    expect(groups).to_have_attribute("label", "Your other turns")
    nav = page.get_by_role("navigation", name="Replies from the same memory")
    expect(nav.get_by_role("link")).to_have_text(["1", "2"])


def test_any_other_turn_is_compared_by_aligned_tokens_with_both_final_states(
    visitor: Visitor,
) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("I live in Oslo.")
    visitor.start_chat()
    visitor.talk("No, I live in Rome.")
    first = Turn.objects.oldest_first().get(user_text="I live in Oslo.")
    open_gates(visitor)
    expect(page.locator("#final")).to_be_hidden()
    page.get_by_label("Compare with").select_option(str(first.pk))
    drawn(page, "f 1 timescale difference")
    expect(page.locator("#final-rows tr")).to_have_count(2)
    own, theirs = trace_of(page), trace_of(page, first.pk)
    for layer, row in enumerate(page.locator("#final-rows tr").all()):
        gap = theirs["c"][-1, layer] - own["c"][-1, layer]
        said = number(row.locator("td").first.inner_text())
        assert said == pytest.approx(float(np.linalg.norm(gap)), abs=6e-3)
    # " Rome" here stands where " Oslo" stands there.
    base = page.url.split("#")[0]
    found = page.request.get(f"{base}difference.json?with={first.pk}").json()["aligned"]
    token = next(k for k, place in enumerate(found) if k and place is not None and place != k)
    page.locator("#sentence .token").nth(token).focus()
    unit = place(page)[1]
    value, gap = other(visitor)
    assert value == pytest.approx(theirs["f"][found[token], 1, unit], abs=6e-4)
    assert gap == pytest.approx(value - own["f"][token, 1, unit], abs=2e-3)
    page.get_by_role("radio", name="side by side").click()
    drawn(page, "f 1 timescale side")
    expect(page.locator(".pane")).to_have_count(2)


def test_a_pasted_address_opens_the_comparison(two: Visitor, first: Turn) -> None:
    page = two.page
    page.get_by_label("or paste a turn").fill(f"{two.url}/turn/{first.pk}/#layer=1")
    page.get_by_role("button", name="Compare", exact=True).click()
    drawn(page, "f 1 timescale difference")
    expect(page.get_by_label("Compare with")).to_have_value(str(first.pk))
