"""The address says what is shown, and shows it again."""

from uuid import uuid4

import pytest
from playwright.sync_api import expect

from memory_app.core.inspection import windows
from memory_app.models import Turn
from tests.browser.gate_view import Trace, cell, drawn, open_gates, place, shown, trace_of
from tests.browser.visitor import Visitor


def test_a_link_shows_the_same_gate_layer_unit_token_sort_and_sibling(visitor: Visitor) -> None:
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    visitor.page.get_by_role("button", name="regenerate").click()
    expect(visitor.page.get_by_text("2/2")).to_be_visible()
    visitor.wait_for_end()
    page = open_gates(visitor).page
    first = Turn.objects.oldest_first()[0]
    page.get_by_role("radio", name="o output").click()
    page.get_by_role("radio", name="Layer 2").click()
    page.get_by_label("Sort units by").select_option("timescale")
    page.get_by_label("Compare with").select_option(str(first.pk))
    page.get_by_role("radio", name="side by side").click()
    drawn(page, "o 1 timescale side")
    page.locator("#map").focus()
    for key in ("Home", "PageUp", "ArrowDown", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    token, unit = place(page)
    link = page.url
    for part in ("gate=o", "layer=2", f"unit={unit}", f"token={token + 1}", "sort=timescale",
                 f"with={first.pk}", "mode=side"):  # fmt: skip
        assert part in link
    page.goto("about:blank")
    page.goto(link)
    drawn(page, "o 1 timescale side")
    assert page.url == link
    expect(page.get_by_role("radio", name="o output")).to_be_checked()
    expect(page.get_by_role("radio", name="Layer 2")).to_be_checked()
    expect(page.get_by_role("radio", name="side by side")).to_be_checked()
    expect(page.get_by_label("Sort units by")).to_have_value("timescale")
    expect(page.get_by_label("Compare with")).to_have_value(str(first.pk))
    expect(page.get_by_role("heading", name=f"Unit {unit} of layer 2")).to_be_visible()
    expect(page.locator("#beat-head")).to_contain_text(f"Token {token + 1},")
    assert place(page) == (token, unit)


def test_a_link_to_all_layers_names_the_units_own(gates: Visitor, trace: Trace) -> None:
    page = gates.page
    page.get_by_role("radio", name="All layers").click()
    drawn(page, "f all timescale")
    at = cell(page, 3, 5, trace, pane=1)
    at["canvas"].click(position=at["position"])
    token, unit = place(page)
    assert f"layer=all&unit=2.{unit}&token={token + 1}" in page.url
    page.reload()
    drawn(page, "f all timescale")
    expect(page.get_by_role("heading", name=f"Unit {unit} of layer 2")).to_be_visible()


def test_an_address_changed_by_hand_is_followed(gates: Visitor) -> None:
    page = gates.page
    page.goto(f"{page.url.split('#')[0]}#gate=g&layer=2&unit=3&token=2")
    drawn(page, "g 1 mean")
    expect(page.get_by_role("heading", name="Unit 3 of layer 2")).to_be_visible()
    expect(page.locator("#beat-head")).to_contain_text("Token 2,")


def test_an_address_that_names_nothing_shows_the_usual(gates: Visitor) -> None:
    page = gates.page
    nonsense = (
        f"#gate=x&layer=9&unit=999&token=0&sort=fame&with={uuid4()}&mode=<b>&reply=-1&__proto__=1"
    )
    page.goto("about:blank")
    page.goto(f"{gates.url}/turn/{Turn.objects.get().pk}/{nonsense}")
    drawn(page, "f 1 timescale")


def test_a_click_on_the_strip_opens_the_view_at_that_token(gates: Visitor) -> None:
    page = gates.page
    turn = Turn.objects.get()
    page.goto("about:blank")
    page.goto(f"{gates.url}/turn/{turn.pk}/#reply=2")
    drawn(page)
    at = len(turn.user_token_ids) + 3 + 2
    expect(page.locator("#beat-head")).to_contain_text(f"Token {at + 1},")
    assert place(page)[0] == at


def test_the_link_is_copied(gates: Visitor) -> None:
    page = gates.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy link")
    button.focus()
    before = button.bounding_box(), page.locator("#map").bounding_box()
    page.keyboard.press("Enter")
    expect(page.locator("#copied")).to_have_text("Copied")
    assert (button.bounding_box(), page.locator("#map").bounding_box()) == before
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_very_long_turn_is_walked_in_windows(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "LONG", 60)
    monkeypatch.setattr(windows, "WINDOW", 40)
    monkeypatch.setattr(windows, "SHORTEST", 10)
    monkeypatch.setattr("memory_app.views.inspector.gate_view.WINDOW", 40)
    monkeypatch.setattr("memory_app.templatetags.pages.LONG", 60)
    visitor.start_chat()
    visitor.talk("My name is Clara and I live in Lima. " * 6)
    page = visitor.page
    turn = Turn.objects.get()
    page.goto(f"{visitor.url}/turn/{turn.pk}/")
    trace = trace_of(page)
    tokens = len(trace["token_ids"])
    count = windows.window_count(tokens)
    assert count >= 3

    def stands_at(number: int) -> None:
        """The window's tokens are there, and a value on its map is that of the trace."""
        part = windows.window(tokens, number)
        drawn(page)
        expect(page.locator("#sentence .token")).to_have_count(part.stop - part.first)
        expect(page.locator("#window")).to_have_value(str(number))
        page.locator("#map").focus()
        page.keyboard.press("Home")
        token, unit = place(page)
        assert token == part.first
        assert shown(page) == pytest.approx(trace["f"][token, 1, unit], abs=2e-3)

    stands_at(1)
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**/?window=2*")
    stands_at(2)
    page.get_by_label("Go to tokens").select_option(str(count))
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url(f"**/?window={count}*")
    stands_at(count)
    expect(page.get_by_role("link", name="Next")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("link", name="Previous").click()
    page.wait_for_url(f"**/?window={count - 1}*")
    stands_at(count - 1)
