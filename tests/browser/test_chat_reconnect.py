"""A lost connection mends itself quietly, says so if it takes long, and can be hurried."""

from playwright.sync_api import expect

from memory_app.models import Turn
from tests.browser.server import SiteServer
from tests.browser.visitor import Visitor


def test_the_notice_offers_to_try_now(
    visitor: Visitor, server: SiteServer, complaints: list[str]
) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("Before.")
    server.stop()
    notice = page.locator("#notice")
    expect(notice).to_contain_text("Trying again in")
    server.start()
    notice.get_by_role("button", name="Try now").focus()
    page.keyboard.press("Enter")
    expect(notice).to_be_hidden()
    visitor.talk("After.")
    assert [turn.user_text for turn in Turn.objects.oldest_first()] == ["Before.", "After."]
    assert [text for text in complaints if "ERR_CONNECTION" not in text] == []
    complaints.clear()


def test_a_short_restart_needs_no_words(
    visitor: Visitor, server: SiteServer, complaints: list[str]
) -> None:
    """1012 says that the server is coming back: the next attempt is made at once."""
    page = visitor.page
    page.add_init_script(
        """window.opened = [];
        const Socket = WebSocket;
        window.WebSocket = class extends Socket {
          constructor(...rest) {
            super(...rest);
            this.addEventListener("open", () => window.opened.push(["open", performance.now()]));
            this.addEventListener("close", (event) =>
              window.opened.push([event.code, performance.now()]));
            window.opened.push(["try", performance.now()]);
          }
        };"""
    )
    visitor.start_chat()
    visitor.talk("Before.")
    page.evaluate("window.opened.length = 0")
    server.stop()
    server.start()
    visitor.talk("After.")
    events = page.evaluate("window.opened")
    assert events[0][0] == 1012
    assert events[1][0] == "try"
    # Back-off would wait 250 ms at the least; a busy machine may be late, a timer never early.
    waits = [
        later - at
        for (what, at), (then, later) in zip(events, events[1:], strict=False)
        if what not in ("open", "try") and then == "try"
    ]
    assert waits
    assert all(wait >= 250 for wait in waits[1:])
    complaints.clear()


def test_what_cannot_be_done_without_a_connection_is_said(
    visitor: Visitor, server: SiteServer, complaints: list[str]
) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("One.")
    server.stop()
    expect(page.locator("#notice")).to_be_visible()
    page.get_by_role("button", name="Undo the last turn").click()
    expect(page.get_by_role("alert")).to_contain_text("nothing was changed")
    expect(page.locator("#turns .turn")).to_have_count(1)
    complaints.clear()
