"""A token that is pinned: its column, and what it was up against."""

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import expect

from memory_app.models import Turn
from tests.browser.gate_view import Trace, drawn, most_moved, open_gates, place
from tests.browser.visitor import Visitor


def list_of(gates: Visitor) -> list[tuple[str, float]]:
    items = gates.page.locator("#beat-list li")
    expect(items).to_have_count(10)
    texts = items.locator(".beat-token").all_text_contents()
    shares = items.locator(".beat-p").all_text_contents()
    return [(t, float(p.lstrip("<"))) for t, p in zip(texts, shares, strict=True)]


def test_the_token_that_changed_most_is_pinned_at_first(gates: Visitor, trace: Trace) -> None:
    page = gates.page
    most = most_moved(trace, 1)
    expect(page.locator(".token[aria-pressed]")).to_have_count(1)
    expect(page.locator("#beat-head")).to_contain_text(f"Token {most + 1},")
    word = page.locator("#sentence .token").nth(most).inner_text().strip()
    expect(page.locator("#story")).to_contain_text(word)
    expect(page.locator("#story")).to_contain_text("Most changed at")
    expect(page.locator(".moves canvas")).to_be_visible()
    # Another layer has a story of its own; the pin stays.
    told = page.locator("#story").inner_text()
    page.get_by_role("radio", name="Layer 1").click()
    drawn(page, "f 0 timescale")
    expect(page.locator("#story")).not_to_have_text(told)
    expect(page.locator("#beat-head")).to_contain_text(f"Token {most + 1},")


def test_rows_are_grouped_by_how_long_they_keep(gates: Visitor, trace: Trace) -> None:
    page = gates.page
    spans = -1 / np.log(trace["f"][:, 1].mean(axis=0))
    ends = [("≥ 100", 100, np.inf), ("30–100", 30, 100), ("10–30", 10, 30), ("3–10", 3, 10),
            ("1–3", 1, 3), ("< 1", 0, 1)]  # fmt: skip
    there = [name for name, low, high in ends if ((spans >= low) & (spans < high)).any()]
    expect(page.locator(".bands span")).to_have_text(there)
    expect(page.locator("#map .band")).to_have_count(len(there) - 1)
    page.get_by_label("Sort units by").select_option("mean")
    drawn(page, "f 1 mean")
    expect(page.locator(".bands")).to_be_hidden()


def test_a_click_pins_a_token_and_shows_what_it_beat(gates: Visitor) -> None:
    page = gates.page
    turn = Turn.objects.get()
    at = len(turn.user_token_ids) + 3 + 2
    page.locator("#sentence .token").nth(at).click()
    expect(page.locator("#beat-head")).to_contain_text(f"Token {at + 1},")
    assert place(page)[0] == at
    expect(page.locator("#map .pinned")).to_be_visible()
    found = list_of(gates)
    shares = [p for _, p in found]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1.01
    head = page.locator("#beat-head").inner_text()
    p, rank = re.search(r"probability <?([\d.]+), rank (\d+)", head).groups()
    bits, nats = map(float, re.search(r"([\d.]+) bits \(([\d.]+) nats\)", head).groups())
    assert nats == pytest.approx(bits * math.log(2), abs=0.01)
    if int(rank) <= 10:
        own = page.locator("#beat-list li.own")
        expect(own).to_have_count(1)
        assert found[int(rank) - 1][1] == float(p)
    page.get_by_role("button", name="Unpin").click()
    expect(page.get_by_text("Choose a token to see")).to_be_visible()
    expect(page.locator("#map .pinned")).to_be_hidden()
    expect(page.locator("#beat-list")).to_be_hidden()


def test_a_token_is_pinned_by_keyboard_alone(gates: Visitor) -> None:
    page = gates.page
    page.locator("#sentence .token[tabindex='0']").focus()
    page.keyboard.press("Home")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    assert place(page)[0] == 2
    page.keyboard.press("Enter")
    expect(page.locator("#beat-head")).to_contain_text("Token 3,")
    expect(page.locator("#beat-head")).to_contain_text("was input, not sampled")
    expect(page.locator("#sentence .token").nth(2)).to_have_attribute("aria-pressed", "true")
    # One stop for Tab, however many tokens there are.
    expect(page.locator("#sentence .token[tabindex='0']")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".token[aria-pressed]")).to_have_count(0)


def test_enter_on_the_map_pins_the_marked_token(gates: Visitor) -> None:
    page = gates.page
    page.locator("#map").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#beat-head")).to_contain_text("Token 2,")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_pinned_token_of_a_long_turn_is_in_sight(visitor: Visitor, width: int) -> None:
    page = visitor.page
    page.set_viewport_size({"width": width, "height": 800})
    visitor.start_chat()
    visitor.talk("My name is Clara and I live in Lima. " * 60)
    open_gates(visitor)
    page.goto("about:blank")
    page.goto(f"{visitor.url}/turn/{Turn.objects.get().pk}/#reply=0")
    drawn(page)
    pinned = page.locator(".token[aria-pressed]")
    expect(pinned).to_be_in_viewport(ratio=1)
    assert page.evaluate("scrollY") == 0
    # Its column's head is whole, too.
    at = place(page)[0]
    head = page.locator(".heads").evaluate(
        """one => {
          const { left, right } = one.getBoundingClientRect();
          const pin = document.querySelector("#map .pinned").getBoundingClientRect();
          return [pin.left - left, right - pin.right];
        }"""
    )
    assert at > 200
    assert min(head) >= 3
    # The strip stays where its reader takes it.
    page.locator("#sentence").evaluate("one => { one.scrollTop = 0; }")
    page.get_by_role("radio", name="g candidate").click()
    drawn(page, "g 1 timescale")
    assert page.locator("#sentence").evaluate("one => one.scrollTop") == 0


def test_pieces_of_a_character_are_explained_and_their_heads_stand_upright(
    visitor: Visitor, will_say: Callable[[str], None]
) -> None:
    page = visitor.page
    will_say("Fine.")
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    open_gates(visitor)
    expect(page.get_by_text("is part of a character")).to_have_count(0)
    page.go_back()
    visitor.talk("我叫小明，我喜欢猫，也喜欢狗。" * 3)
    open_gates(visitor)
    expect(page.get_by_text("· is part of a character")).to_be_visible()
    turned = page.locator(".heads.turned span").evaluate_all(
        """all => all.map((one) => [one.textContent, getComputedStyle(one).transform === "none"])"""
    )
    assert ["我", True] in turned
    assert all(upright == (len(text) <= 1) for text, upright in turned if text.isascii() and text)
