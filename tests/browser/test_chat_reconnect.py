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
    expect(notice).to_contain_text("Retrying in")
    server.start()
    notice.get_by_role("button", name="Retry now").focus()
    page.keyboard.press("Enter")
    expect(notice).to_be_hidden()
    visitor.talk("After.")
    assert [turn.user_text for turn in Turn.objects.oldest_first()] == ["Before.", "After."]
    assert [text for text in complaints if "ERR_CONNECTION" not in text] == []
    complaints.clear()


# Tells of each end of a socket, and of how long the timer that follows it was set for.
RECORD = """
window.waits = [];
let ended = null;
const [Socket, later] = [WebSocket, setTimeout];
window.WebSocket = class extends Socket {
  constructor(...rest) {
    super(...rest);
    this.addEventListener("close", ({code}) => (ended = code));
  }
};
window.setTimeout = (call, wait, ...rest) => {
  if (ended !== null) window.waits.push([ended, wait]);
  ended = null;
  return later(call, wait, ...rest);
};
"""


def test_after_a_restart_it_tries_at_once_and_then_backs_off_with_jitter(
    visitor: Visitor, server: SiteServer, complaints: list[str]
) -> None:
    page = visitor.page
    page.add_init_script(RECORD)
    visitor.start_chat()
    visitor.talk("Before.")
    page.evaluate("window.waits.length = 0")
    server.stop()
    expect(page.locator("#notice")).to_contain_text("Retrying in")
    server.start()
    visitor.talk("After.")
    (first_code, first), *others = page.evaluate("window.waits")
    # 1012: the server says that it is coming back.
    assert first_code == 1012
    assert 0 <= first < 200
    assert others
    for n, (code, wait) in enumerate(others, start=2):
        assert code == 1006
        longest = min(15_000, 500 * 2 ** (n - 1))
        assert longest / 2 <= wait <= longest
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
