"""The composer loses nothing: keys, limits, refusals, a lost connection."""

from playwright.sync_api import expect

from memory_app.models import Turn
from tests.browser.server import SiteServer
from tests.browser.visitor import Visitor


def test_shift_enter_breaks_the_line_and_enter_sends_it_all(visitor: Visitor) -> None:
    chat = visitor.start_chat()
    visitor.page.keyboard.type("one")
    visitor.page.keyboard.press("Shift+Enter")
    visitor.page.keyboard.type(" two ")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator(".turn")).to_have_count(1)
    visitor.wait_for_end()
    assert Turn.objects.get(chat=chat).user_text == "one\n two "
    expect(visitor.page.get_by_label("Message", exact=True)).to_have_value("")


def test_a_message_that_is_too_long_is_not_sent_and_says_by_how_much(visitor: Visitor) -> None:
    visitor.start_chat()
    field = visitor.page.get_by_label("Message", exact=True)
    send, count = visitor.page.get_by_role("button", name="Send"), visitor.page.locator("#count")
    text = "What is my name? " * 250
    field.fill(text[:4000])
    expect(count).to_have_text("0 characters left")
    expect(send).to_be_enabled()
    field.fill(text[:4002])
    expect(count).to_have_text("2 characters too many: at most 4,000.")
    expect(send).to_be_disabled()
    # Few characters, yet each of four tokens: the server counts them, and nothing is lost.
    field.fill("😀" * 600)
    expect(count).to_have_text("352 tokens too many: at most 2,048.")
    expect(send).to_be_disabled()
    visitor.page.keyboard.press("Enter")
    expect(field).to_have_value("😀" * 600)
    field.fill("😀" * 500)
    expect(count).to_have_text("")
    expect(send).to_be_enabled()
    assert Turn.objects.count() == 0


# Milliseconds until a field holds many lines and shows them.
SET = """async (field) => {
    const began = performance.now();
    field.value = "a line of 字\\n".repeat(15000);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - began;
}"""


def test_a_very_long_text_holds_up_no_page(visitor: Visitor) -> None:
    visitor.start_chat()
    page = visitor.page
    field = page.get_by_label("Message", exact=True)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    field.fill("Before")
    page.evaluate("navigator.clipboard.writeText('a line of 字\\n'.repeat(100000))")
    page.keyboard.press("Control+v")
    problem = page.locator("#problem")
    expect(problem).to_have_text(
        "Not inserted: 1,200,000 characters, and a message has at most 4,000."
    )
    expect(field).to_have_value("Before")
    page.keyboard.type("!")
    expect(problem).to_be_hidden()
    # What is somewhat too long can be shortened here.
    page.evaluate("navigator.clipboard.writeText('x'.repeat(5000))")
    page.keyboard.press("Control+v")
    expect(page.locator("#count")).to_have_text("1,007 characters too many: at most 4,000.")
    # A script, or a draft of before, may put in more: about as fast as into any field.
    took = field.evaluate(SET)
    page.evaluate("document.body.append(document.createElement('textarea'))")
    bare = page.locator("body > textarea").evaluate(SET)
    assert took < 5 * bare + 300
    # Right-to-left words stand at the right.
    assert field.evaluate("one => getComputedStyle(one).unicodeBidi") == "plaintext"


def test_a_refused_message_is_back_in_the_composer(visitor: Visitor) -> None:
    visitor.start_chat()
    field = visitor.page.get_by_label("Message", exact=True)
    # Half a character can't be typed, but a script or a broken input method can leave one.
    field.evaluate("one => { one.value = 'half \\ud83d a face'; }")
    field.dispatch_event("input")
    field.press("Enter")
    expect(visitor.page.get_by_role("alert")).to_have_text(
        "The text contains a character that can't be stored."
    )
    assert field.evaluate("one => one.value === 'half \\ud83d a face'")
    expect(visitor.page.locator(".turn")).to_have_count(0)
    field.fill("a whole face")
    field.press("Enter")
    visitor.wait_for_end()
    expect(visitor.page.get_by_role("alert")).to_have_count(0)


def test_what_is_written_while_a_reply_runs_is_kept(visitor: Visitor, slowly: None) -> None:
    visitor.start_chat()
    visitor.say("Say a lot.")
    visitor.wait_for_words(5)
    visitor.say("Wait!")
    expect(visitor.page.get_by_role("alert")).to_contain_text("A reply is still being written")
    expect(visitor.page.get_by_label("Message", exact=True)).to_have_value("Wait!")
    visitor.page.keyboard.press("Escape")
    visitor.wait_for_end()
    assert Turn.objects.count() == 1


def test_a_message_written_while_the_site_restarts_goes_out_once(
    visitor: Visitor, server: SiteServer, complaints: list[str]
) -> None:
    chat = visitor.start_chat()
    visitor.talk("Before.")
    server.stop()
    expect(visitor.page.get_by_text("Connection lost.")).to_be_visible()
    visitor.say("After.")
    expect(visitor.page.get_by_text("Not sent yet.")).to_be_visible()
    server.start()
    expect(visitor.page.get_by_text("Connection lost.")).to_be_hidden(timeout=20_000)
    visitor.wait_for_end()
    assert [turn.user_text for turn in Turn.objects.filter(chat=chat).oldest_first()] == [
        "Before.",
        "After.",
    ]
    expect(visitor.page.locator(".turn")).to_have_count(2)
    # The browser itself logs each attempt that found nobody.
    assert [text for text in complaints if "ERR_CONNECTION" not in text] == []
    complaints.clear()


def test_a_reply_that_ran_when_the_site_stopped_can_be_tried_again(
    visitor: Visitor, server: SiteServer, complaints: list[str], slowly: None
) -> None:
    chat = visitor.start_chat()
    visitor.say("Say a lot.")
    visitor.wait_for_words(10)
    server.stop()
    server.start()
    again = visitor.page.get_by_role("button", name="Try again")
    expect(again).to_be_visible(timeout=20_000)
    expect(visitor.page.get_by_text("Memory is unchanged.")).to_be_visible()
    again.click()
    expect(visitor.page.get_by_role("button", name="Stop")).to_be_visible()
    visitor.wait_for_words(10)
    visitor.page.keyboard.press("Escape")
    visitor.wait_for_end()
    assert list(
        Turn.objects.filter(chat=chat).oldest_first().values_list("status", "user_text")
    ) == [("interrupted", "Say a lot."), ("stopped", "Say a lot.")]
    complaints.clear()


def test_another_reply_can_be_asked_for_and_both_looked_at(visitor: Visitor) -> None:
    visitor.start_chat()
    first = visitor.talk("My name is Clara.")
    visitor.page.get_by_role("button", name="regenerate").click()
    expect(visitor.page.get_by_text("2/2")).to_be_visible()
    visitor.wait_for_end()
    second = visitor.reply()
    assert Turn.objects.filter(parent=None).count() == 2
    visitor.page.get_by_role("button", name="Previous version").click()
    expect(visitor.page.get_by_text("1/2")).to_be_visible()
    assert visitor.reply() == first
    visitor.page.get_by_role("button", name="Next version").click()
    expect(visitor.page.get_by_text("2/2")).to_be_visible()
    assert visitor.reply() == second


def test_an_opening_is_sent_by_one_click(visitor: Visitor) -> None:
    chat = visitor.start_chat()
    visitor.page.get_by_role("button", name="My name is Clara.").click()
    expect(visitor.page.locator(".turn")).to_have_count(1)
    visitor.wait_for_end()
    assert Turn.objects.get(chat=chat).user_text == "My name is Clara."
