"""What the page says of a reply, of the connection and of the branches is true, and no longer."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from memory_app.consumers import ChatConsumer
from tests.browser.server import SiteServer
from tests.browser.visitor import Visitor


def test_a_reload_in_mid_reply_keeps_ones_message_and_busy_is_said_while_it_is(
    visitor: Visitor, slowly: None, another_tab: Any
) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.say("My name is Clara.")
    visitor.wait_for_words()
    page.reload()
    other = another_tab()
    other.page.goto(page.url)
    visitor.say("And this?")
    expect(page.get_by_role("alert")).to_contain_text("still being written")
    for tab in (visitor, other):
        tab.wait_for_end()
        expect(tab.page.locator(".turn .you .text")).to_have_text(["My name is Clara."])
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.get_by_label("Message", exact=True)).to_have_value("And this?")


def test_a_lost_connection_in_mid_reply_is_what_is_said(
    visitor: Visitor, server: SiteServer, slowly: None, complaints: list[str]
) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.say("My name is Clara.")
    visitor.wait_for_words()
    server.stop()
    expect(page.locator("#notice")).to_be_visible()
    visitor.say("And this?")
    expect(page.get_by_role("alert")).to_contain_text("Connection lost during a reply")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("alert")).to_contain_text("will be stopped when it is back")
    server.start()
    expect(page.get_by_role("alert")).to_be_hidden()
    visitor.wait_for_end()
    complaints.clear()


def test_a_server_that_takes_frames_and_does_not_answer_is_said_and_said_to_be_over(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    thawed = threading.Event()
    on_ping = ChatConsumer.on_ping

    async def frozen(self: Any, chat: Any, message: Any) -> None:
        await asyncio.to_thread(thawed.wait, 60)
        await on_ping(self, chat, message)

    monkeypatch.setattr(ChatConsumer, "on_ping", frozen)
    page = visitor.page
    page.clock.install()
    visitor.start_chat()
    visitor.talk("Hello.")
    notice = page.locator("#notice")
    page.clock.fast_forward(21_000)
    page.clock.fast_forward(9_000)
    expect(notice).to_be_hidden()
    page.clock.fast_forward(3_000)
    expect(notice).to_contain_text("The server is not answering")
    thawed.set()
    expect(notice).to_contain_text("answering again")
    page.clock.fast_forward(5_000)
    expect(notice).to_be_hidden()


def test_a_browser_without_a_network_says_so_at_once_and_sends_when_it_is_back(
    visitor: Visitor, complaints: list[str]
) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("Hello.")
    page.context.set_offline(True)
    notice = page.locator("#notice")
    expect(notice).to_contain_text("You are offline.", timeout=2_000)
    visitor.say("Wait for me.")
    waiting = page.locator(".turn:last-child")
    expect(waiting.locator(".note")).to_have_text("Will be sent when you are back online.")
    expect(waiting.locator(".waiting")).to_be_hidden()
    page.context.set_offline(False)
    visitor.wait_for_end()
    expect(notice).to_be_hidden()
    expect(waiting.locator(".note")).not_to_contain_text("Will be sent")
    expect(page.locator(".turn")).to_have_count(2)
    complaints.clear()  # of what could not be fetched


# The turn at the scroller's upper edge, and how many pixels it has scrolled past it.
PLACE = """one => {
  const { top } = one.getBoundingClientRect();
  const boxes = [...one.querySelectorAll(".turn")].map((turn) => turn.getBoundingClientRect());
  const at = boxes.findIndex((box) => box.bottom > top);
  return [at, top - boxes[at].top];
}"""
# Looked at as the page is left: strips and Markdown of the last replies may be drawn until then.
LEFT = f"""one => addEventListener("pagehide", () =>
  sessionStorage.setItem("left", JSON.stringify(({PLACE})(one))))"""


def test_back_from_a_gate_view_is_where_one_was(
    visitor: Visitor, will_say: Callable[[str], None]
) -> None:
    page = visitor.page
    will_say("Your name is Clara.")  # no Markdown: that may be lower after a reload
    page.set_viewport_size({"width": 900, "height": 500})
    visitor.start_chat()
    for n in range(4):
        visitor.talk("\n".join(f"{n}: line {line}" for line in range(20)))
    page.locator("#scroller").evaluate("one => one.scrollTo(0, one.scrollHeight / 2)")
    expect(page.get_by_role("button", name="Scroll to the end")).to_be_visible()
    page.locator("#scroller").evaluate(LEFT)
    page.locator(".turn a.gates").nth(1).evaluate("one => one.click()")
    page.wait_for_url("**/turn/*/")
    page.go_back()
    expect(page.locator("#memory-turns")).to_have_text("4")
    turn, past = json.loads(page.evaluate("() => sessionStorage.getItem('left')"))
    # Restored once the scripts run, and again as the layout settles.
    page.wait_for_function(
        f"turn => ({PLACE})(document.getElementById('scroller'))[0] === turn", arg=turn
    )
    now, further = page.locator("#scroller").evaluate(PLACE)
    assert now == turn
    assert abs(further - past) < 3
    expect(page.get_by_role("button", name="Scroll to the end")).to_be_visible()
    page.get_by_role("button", name="Scroll to the end").click()
    page.reload()
    expect(page.locator("#memory-turns")).to_have_text("4")
    expect(page.get_by_role("button", name="Scroll to the end")).to_be_hidden()
    # A link leads to its turn, whatever was left before.
    page.locator(".turn a.gates").nth(0).evaluate("one => one.click()")
    page.get_by_role("link", name="←").click()
    expect(page.locator(".turn").first).to_be_in_viewport()


def test_a_new_reply_in_mid_chat_says_where_the_later_turns_are(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    for text in ("One.", "Two.", "Three."):
        visitor.talk(text)
    aside = page.locator("#aside")
    expect(aside).to_be_hidden()
    page.locator(".turn").first.get_by_role("button", name="regenerate").click()
    expect(page.locator(".turn")).to_have_count(1)
    visitor.wait_for_end()
    expect(aside).to_contain_text("2 later turns are on another branch")
    page.reload()
    expect(aside).to_contain_text("2 later turns are on another branch")
    aside.get_by_role("button", name="Go to that branch").click()
    expect(page.locator(".turn .you .text")).to_have_text(["One.", "Two.", "Three."])
    expect(aside).to_be_hidden()
