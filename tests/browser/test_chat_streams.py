"""A reply as it grows: its words, its strip, the memory beside it, and the ways to end it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from memory_app.models import Chat, Turn
from tests.browser.conftest import slow_down
from tests.browser.visitor import Visitor


def test_a_reply_streams_in_and_the_page_ends_as_the_database_does(
    visitor: Visitor, slowly: None
) -> None:
    chat = visitor.start_chat()
    page = visitor.page
    visitor.say("My name is Clara.")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    visitor.wait_for_words(10)
    early = visitor.reply()
    visitor.wait_for_words(len(early) + 10)
    assert visitor.status() == "running"
    assert visitor.reply().startswith(early)
    visitor.wait_for_end()

    turn = Turn.objects.get(chat=chat)
    assert visitor.turn() == turn.pk
    assert visitor.reply() == turn.reply_text
    assert visitor.status() == turn.status
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    expect(page.locator("#memory-hash")).to_have_text(str(turn.state_sha256)[:12])
    expect(page.get_by_role("heading", name=Chat.objects.get().title, exact=True)).to_be_visible()
    strip = page.locator(".strip canvas")
    assert f"over {len(turn.reply_token_ids)} tokens" in str(strip.get_attribute("aria-label"))


def test_a_waiting_mark_stands_before_the_first_word(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, slowly: None
) -> None:
    visitor.start_chat()
    visitor.page.evaluate(
        """() => {
          window.marks = [];
          new MutationObserver(() => {
            const turn = document.querySelector(".turn");
            if (!turn) return;
            const shown = getComputedStyle(turn.querySelector(".waiting")).display !== "none";
            window.marks.push([turn.querySelector(".bot .text").textContent.length > 0, shown]);
          }).observe(document.getElementById("turns"),
            {subtree: true, childList: true, characterData: true, attributes: true});
        }"""
    )
    visitor.talk("Hello")
    marks = visitor.page.evaluate("window.marks")
    assert [False, True] in marks
    assert [True, True] not in marks


def test_a_reload_in_mid_reply_shows_all_of_it_and_goes_on(visitor: Visitor, slowly: None) -> None:
    chat = visitor.start_chat()
    visitor.say("Tell me more.")
    visitor.wait_for_words(20)
    early = visitor.reply()
    visitor.page.reload()
    visitor.wait_for_words(len(early))
    assert visitor.status() == "running"
    assert visitor.reply().startswith(early)
    visitor.wait_for_end()

    turn = Turn.objects.get(chat=chat)
    assert visitor.reply() == turn.reply_text
    strip = visitor.page.locator(".strip canvas").get_attribute("aria-label")
    assert f"over {len(turn.reply_token_ids)} tokens" in str(strip)


@pytest.mark.parametrize("way", ["button", "Escape"])
def test_stop_ends_the_reply_where_it_is(visitor: Visitor, slowly: None, way: str) -> None:
    chat = visitor.start_chat()
    visitor.say("Say a lot.")
    visitor.wait_for_words(10)
    if way == "button":
        visitor.page.get_by_role("button", name="Stop").click()
    else:
        visitor.page.keyboard.press("Escape")
    visitor.wait_for_end()

    turn = Turn.objects.get(chat=chat)
    assert visitor.status() == turn.status == "stopped"
    assert visitor.reply() == turn.reply_text
    assert 0 < len(turn.reply_token_ids) < 200
    expect(visitor.page.get_by_text("Stopped.")).to_be_visible()


def test_a_stop_before_the_first_word_leaves_nothing_to_draw_or_to_copy(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visitor.page
    slow_down(monkeypatch, 1)
    visitor.start_chat()
    visitor.say("Say a lot.")
    page.keyboard.press("Escape")
    visitor.wait_for_end()
    for _ in range(2):  # as it ended, and as the server draws it
        turn = page.locator(".turn:last-child")
        assert visitor.status() == "stopped"
        assert visitor.reply() == ""
        expect(turn.locator(".note")).to_have_text("Stopped before the reply began.")
        expect(turn.locator(".strip")).to_be_hidden()
        expect(turn.get_by_role("button", name="Copy this reply")).to_be_hidden()
        page.reload()


def test_another_tab_sees_the_message_and_the_stream(
    visitor: Visitor, another_tab: Callable[[], Visitor], slowly: None
) -> None:
    visitor.start_chat()
    other = another_tab()
    other.page.goto(visitor.page.url)
    visitor.say("Who else is here?")
    other.wait_for_words(10)
    expect(other.page.get_by_text("Who else is here?").first).to_be_visible()
    expect(other.page.get_by_role("button", name="Stop")).to_be_visible()
    visitor.wait_for_end()
    other.wait_for_end()
    assert other.reply() == visitor.reply()


def test_nothing_jumps_while_a_reply_streams(visitor: Visitor, slowly: None) -> None:
    visitor.start_chat()
    visitor.page.evaluate(
        """() => {
          window.shifts = [];
          const named = ({node}) => node?.id || node?.className || node?.nodeName;
          new PerformanceObserver((list) => {
            for (const {startTime, value, sources} of list.getEntries())
              window.shifts.push([value, Math.round(startTime), ...sources.map(named)]);
          }).observe({type: "layout-shift", buffered: true});
        }"""
    )
    for text in ("Say a lot.", "And more."):
        visitor.talk(text)
    shifts = visitor.page.evaluate("window.shifts")
    assert sum(shift[0] for shift in shifts) <= 0.02, shifts


def test_a_reader_who_looks_back_is_left_in_peace(visitor: Visitor, slowly: None) -> None:
    visitor.page.set_viewport_size({"width": 700, "height": 420})
    visitor.start_chat()
    visitor.talk("Say a lot.")
    visitor.say("And more.")
    visitor.wait_for_words(10)
    scroller = visitor.page.locator("#scroller")
    scroller.hover()
    visitor.page.mouse.wheel(0, -2000)
    back = visitor.page.get_by_role("button", name="Scroll to the end")
    expect(back).to_be_visible()
    place = scroller.evaluate("one => one.scrollTop")
    visitor.wait_for_words(len(visitor.reply()) + 60)
    assert scroller.evaluate("one => one.scrollTop") == place
    back.click()
    expect(back).to_be_hidden()
    visitor.wait_for_end()
    assert scroller.evaluate("one => one.scrollHeight - one.scrollTop - one.clientHeight") < 2
