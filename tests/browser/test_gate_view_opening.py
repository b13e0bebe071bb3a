"""How a gate view comes: its first map asked for once and early, drawn in its own values."""

import numpy as np
import pytest
from playwright.sync_api import Request, expect

from tests.browser.gate_view import Trace, by_timescale, drawn, open_gates
from tests.browser.visitor import Visitor

PIXELS = """canvas => {
  const { width, height } = canvas;
  return [...canvas.getContext("2d").getImageData(0, 0, width, height).data];
}"""
# What a map's value v in 0 … 65535 is drawn as: the ramp's colour number v >> 8.
RAMP = """async () => {
  const { ramp } = await import("/static/js/shared/colour_ramp.js");
  return [...ramp("--gate-f", false)];
}"""


def maps_asked(visitor: Visitor) -> list[str]:
    asked: list[str] = []

    def heard(request: Request) -> None:
        if "map.safetensors" in request.url:
            asked.append(request.url.split("?")[1])

    visitor.page.on("request", heard)
    return asked


@pytest.mark.parametrize(
    ("address", "wanted", "shown"),
    [
        ("", "gate=f&layer=1", "f 1 timescale"),
        ("#gate=c&layer=2", "gate=c&layer=1", "c 1 mean"),
        ("#gate=c&layer=9", "gate=c&layer=1", "c 1 mean"),
        ("#gate=f&layer=1", "gate=f&layer=0", "f 0 mean"),
        ("#reply=1", "gate=f&layer=1", "f 1 timescale"),
        ("#gate=nonsense&layer=99", "gate=f&layer=1", "f 1 mean"),
    ],
)
def test_the_map_that_the_address_names_is_asked_for_once(
    gates: Visitor, address: str, wanted: str, shown: str
) -> None:
    page = gates.page
    turn = page.url.split("#")[0]
    page.goto("about:blank")
    asked = maps_asked(gates)
    page.goto(f"{turn}{address}")
    drawn(page, shown)
    assert asked == [wanted]


def test_a_gate_view_that_somebody_aims_at_is_asked_for_ahead_and_found(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    with page.expect_response(lambda answer: "map.safetensors" in answer.url) as ahead:
        page.locator(".turn:last-child a.gates").hover()
    assert ahead.value.status == 200
    ahead.value.finished()
    with page.expect_response(lambda answer: "map.safetensors" in answer.url) as first:
        open_gates(visitor)
    # The browser asks whether what it has is still right, and is told so.
    assert first.value.request.all_headers()["if-none-match"] == ahead.value.headers["etag"]
    drawn(page, "f 1 timescale")


def test_passing_over_a_link_or_looking_twice_asks_for_nothing_more(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    asked = maps_asked(visitor)
    link = page.locator(".turn:last-child a.gates")
    link.hover()
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)
    passed_over = len(asked)
    assert passed_over <= 1  # a slow machine may have taken it for a rest
    link.focus()
    expect(link).to_be_focused()
    page.wait_for_timeout(300)
    page.locator(".turn:last-child .copy").last.focus()
    link.focus()
    page.wait_for_timeout(300)
    assert asked == ["gate=f&layer=1"]


def test_a_reply_that_is_still_spoken_has_nothing_to_ask_for(
    visitor: Visitor, slowly: None
) -> None:
    page = visitor.page
    visitor.start_chat()
    asked = maps_asked(visitor)
    visitor.say("My name is Clara.")
    visitor.wait_for_words()
    page.locator(".turn:last-child a.strip").hover()
    page.wait_for_timeout(300)
    assert asked == []
    page.keyboard.press("Escape")
    visitor.wait_for_end()


def test_each_pixel_is_the_colour_of_its_value(gates: Visitor, trace: Trace) -> None:
    page = gates.page
    drawn(page, "f 1 timescale")
    f = trace["f"][:, 1]
    order = by_timescale(trace, 1)
    steps = np.clip(np.round(f * 65535), 0, 65535).astype(int)
    # evaluate() may import, which the page's policy allows from its own origin.
    ramp = page.evaluate(RAMP)
    packed = np.array(page.locator("#map .heat").evaluate(PIXELS), dtype=np.uint8).view("<u4")
    seen = packed.reshape(len(order), len(f))
    for row, unit in enumerate(order):
        near = [
            {ramp[max(0, step - 1) >> 8], ramp[min(65535, step + 1) >> 8]}
            for step in steps[:, unit]
        ]
        assert all(int(pixel) in colours for pixel, colours in zip(seen[row], near, strict=True))


def test_of_all_tokens_one_is_the_stop_for_tab_and_one_is_pinned(gates: Visitor) -> None:
    page = gates.page
    tokens = page.locator("#sentence .token")
    count = tokens.count()
    for at in (2, 0, count - 1):
        tokens.nth(at).click()
        expect(page.locator('#sentence [tabindex="0"]')).to_have_count(1)
        expect(tokens.nth(at)).to_have_attribute("tabindex", "0")
        expect(page.locator("#sentence [aria-pressed]")).to_have_count(1)
        expect(tokens.nth(at)).to_have_attribute("aria-pressed", "true")
    tokens.nth(count - 1).click()
    expect(page.locator("#sentence [aria-pressed]")).to_have_count(0)
