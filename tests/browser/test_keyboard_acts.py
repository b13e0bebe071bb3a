"""What other tests do by pointer, done by keys alone: Tab comes there, Enter does it."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from memory_app.models import Chat, Turn
from tests.browser.gate_view import drawn, open_gates
from tests.browser.visitor import Visitor


def press(page: Page, what: Locator, key: str = "Enter", *, back: bool = False) -> None:
    """Tab until the focus is there, as far as there is anything to press, then the key."""
    for _ in range(90):
        if what.evaluate("one => one === document.activeElement"):
            page.keyboard.press(key)
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"Tab never came to {what}")


def test_a_chat_is_begun_copied_asked_again_and_measured_by_keys(
    visitor: Visitor, will_say: Callable[[str], None]
) -> None:
    page = visitor.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{visitor.url}/")
    press(page, page.get_by_role("button", name="Start a chat"))
    page.wait_for_url("**/chat/*/")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    will_say("So *that* is how.")
    page.keyboard.type("Tell me how.")
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).to_have_count(1)
    visitor.wait_for_end()

    def copied() -> str:
        return page.evaluate("navigator.clipboard.readText()")

    press(page, page.get_by_role("button", name="Copy this reply"), back=True)
    expect(page.locator(".bot .copy.done")).to_be_visible()
    assert copied() == "So *that* is how."
    press(page, page.get_by_role("button", name="Copy this message"), back=True)
    expect(page.locator(".you .copy.done")).to_be_visible()
    assert copied() == "Tell me how."
    press(page, page.get_by_role("button", name="regenerate"))
    expect(page.get_by_text("2/2")).to_be_visible()
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    visitor.wait_for_end()
    press(page, page.get_by_role("button", name="Previous version"), back=True)
    expect(page.get_by_text("1/2")).to_be_visible()

    turn = Turn.objects.oldest_first()[0]
    expect(page.locator("#memory-hash")).to_have_attribute("title", turn.state_sha256 or "")
    press(page, page.locator("#cost > summary"))
    press(page, page.locator("#cost-tabs [aria-checked=true]"), "ArrowRight")
    expect(page.get_by_role("radio", name="bytes")).to_be_checked()
    press(page, page.locator("#cost-chart"), "End")
    expect(page.locator("#cost-readout")).to_contain_text("turn 1")
    press(page, page.locator("#facts-part > summary"))
    press(page, page.get_by_role("button", name="copy", exact=True))
    page.wait_for_timeout(200)
    assert copied() == turn.state_sha256
    with page.expect_download() as download:
        press(page, page.get_by_role("link", name="Download state"))
    assert download.value.suggested_filename.startswith("state-")
    with page.expect_download() as download:
        press(page, page.get_by_role("button", name="Download numbers as CSV"))
    assert download.value.suggested_filename.endswith(".csv")
    press(page, page.locator("#memory-blank"), back=True)
    expect(page.get_by_text("memory blanked here")).to_be_visible()
    press(page, page.locator("#memory-blank"))
    expect(page.locator(".turn:not(.faded)")).to_have_count(1)


def test_a_chat_is_renamed_shared_taken_along_and_brought_again_by_keys(
    visitor: Visitor, tmp_path: Path
) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    opener = page.locator(".chat-head").get_by_label("Chat menu")
    files: list[Path] = []
    for name in ("JSON", "Markdown"):
        press(page, opener, back=True)
        with page.expect_download() as download:
            press(page, page.get_by_role("link", name=f"Download as {name}"), back=True)
        files.append(tmp_path / download.value.suggested_filename)
        download.value.save_as(files[-1])
        expect(page.locator(".menu")).to_have_count(0)
    press(page, page.locator("#title"), back=True)
    page.keyboard.type("Clara herself")
    page.keyboard.press("Enter")
    expect(page.locator("#chat-list .title")).to_have_text("Clara herself")

    press(page, page.get_by_role("link", name="All chats"), back=True)
    page.wait_for_url("**/chats/")
    press(page, page.locator("summary", has_text="Import"))
    with page.expect_file_chooser() as chooser:
        press(page, page.get_by_label("A chat’s JSON file"))
    chooser.value.set_files(files[0])
    press(page, page.get_by_role("button", name="Import the chat"))
    page.wait_for_url("**/chat/*/")
    expect(page.locator(".turn .you .text")).to_have_text("My name is Clara.")
    assert Chat.objects.count() == 2
    press(page, page.get_by_role("button", name="New chat"), back=True)
    expect(page.locator("#openings")).to_be_visible()
    assert Chat.objects.count() == 2


def test_a_reply_that_came_to_nothing_is_tried_again_by_keys(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("Say a lot.")
    expect(page.locator("#memory-turns")).to_have_text("1")  # the panel has read the turn
    Turn.objects.update(status="interrupted", state=None, state_sha256=None, reply_token_ids=[])
    Chat.objects.update(head=None)
    page.reload()
    press(page, page.get_by_role("button", name="Try again"), back=True)
    expect(page.locator(".turn")).to_have_attribute("data-status", re.compile("complete|length"))
    assert [turn.user_text for turn in Turn.objects.all()] == ["Say a lot."] * 2


def test_language_and_theme_are_switched_by_keys(visitor: Visitor) -> None:
    page = visitor.page
    page.emulate_media(color_scheme="light")
    visitor.start_chat()
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    press(page, page.get_by_role("button", name="Switch between light and dark"), back=True)
    assert page.evaluate(ground) != light
    press(page, page.get_by_role("button", name="中文"), back=True)
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    assert page.evaluate(ground) != light


def test_the_gate_view_gives_all_that_it_has_by_keys(gates: Visitor) -> None:
    page = gates.page
    for name in ("Save map as PNG", "Save unit as CSV", "Save plot as PNG"):
        expect(page.get_by_role("button", name=name)).to_be_enabled()
        with page.expect_download() as download:
            press(page, page.get_by_role("button", name=name))
        assert download.value.suggested_filename.endswith(name[-3:].lower())
    for name, kind in (("Download trace", "trace"), ("Download state", "state")):
        with page.expect_download() as download:
            press(page, page.get_by_role("link", name=name))
        assert download.value.suggested_filename.startswith(f"{kind}-")
    press(page, page.get_by_role("button", name="Unpin"))
    expect(page.locator("#beat-head")).to_have_text(re.compile("^Choose a token"))
    expect(page.locator("#map")).to_be_focused()
    press(page, page.get_by_role("button", name="Clear"))
    expect(page.get_by_text("Choose a unit to colour the sentence by its values.")).to_be_visible()
    unit = page.locator(".most tbody .link").nth(2)
    named = unit.inner_text()
    press(page, unit)
    expect(page.get_by_role("heading", name=f"Unit {named} of layer 2")).to_be_visible()
    expect(page.locator("#beat-head")).to_contain_text("Token")


def test_two_replies_are_compared_and_left_for_each_other_by_keys(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    page.get_by_role("button", name="regenerate").click()
    expect(page.get_by_text("2/2")).to_be_visible()
    visitor.wait_for_end()
    open_gates(visitor)
    press(page, page.get_by_label("Compare with"), "ArrowDown")
    drawn(page, "f 1 timescale difference")
    press(page, page.locator("#mode-tabs [aria-checked=true]"), "ArrowRight")
    drawn(page, "f 1 timescale side")
    press(page, page.locator("#other-link"))
    page.wait_for_url(f"**/turn/{Turn.objects.oldest_first()[0].pk}/**")
    drawn(page)
