"""The strip under a reply by keyboard: one fixed line tells the token and its means."""

import re

from playwright.sync_api import expect

from memory_app.models import Turn
from tests.browser.visitor import Visitor


def test_arrow_keys_tell_each_token_live_and_after_a_reload(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("Hello.")
    tokens = len(Turn.objects.get().reply_token_ids)
    told = []
    for _ in range(2):
        strip = page.locator("#turns .strip")
        expect(strip.locator("canvas")).to_have_attribute("aria-label", re.compile(f"{tokens} tok"))
        place = page.locator("#turns .under").bounding_box()
        strip.focus()
        line = page.locator("#turns .strip-value")
        seen = []
        for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home"):
            page.keyboard.press(key)
            expect(line).to_have_text(re.compile(r'^".*"\s+i \d\.\d\d\s+f \d\.\d\d\s+o \d\.\d\d$'))
            seen.append(line.text_content())
        assert seen[0] == seen[2] == seen[5]
        assert seen[3] == seen[4]
        assert page.locator("#turns .under").bounding_box() == place
        told.append(seen)
        page.keyboard.press("Tab")
        expect(line).to_have_text("")
        page.reload()
    # Live the engine rounds as it likes; after a reload the replay tells. Both name the tokens.
    assert [one.split("  ")[0] for one in told[0]] == [one.split("  ")[0] for one in told[1]]


def test_enter_on_the_strip_opens_the_gate_view_at_that_token(visitor: Visitor) -> None:
    visitor.start_chat()
    visitor.talk("Hello.")
    visitor.page.locator("#turns .strip").focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        visitor.page.keyboard.press(key)
    visitor.page.wait_for_url(f"**/turn/{Turn.objects.get().pk}/#reply=1")
    expect(visitor.page.locator("#map.drawn")).to_be_visible()


def test_a_print_has_the_strips_that_were_never_in_view(visitor: Visitor) -> None:
    page = visitor.page
    page.set_viewport_size({"width": 900, "height": 400})
    visitor.start_chat()
    for n in range(3):
        visitor.talk("\n".join(f"{n}: line {line}" for line in range(20)))
    page.reload()
    strips = page.locator(".strip canvas")
    expect(strips.last).to_have_attribute("aria-label", re.compile("."))
    assert strips.first.get_attribute("width") == "0"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    widths = strips.evaluate_all("all => all.map((one) => one.width)")
    assert len(widths) == 3
    assert min(widths) > 10
