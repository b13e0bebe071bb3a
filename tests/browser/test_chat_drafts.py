"""What is being written: kept over a reload, one text a chat; the field grows to a limit."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Route, expect

from memory_app.models import Turn
from tests.browser.visitor import Visitor


def test_a_draft_survives_a_reload_and_belongs_to_its_chat(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    first = page.url
    field = page.get_by_label("Message", exact=True)
    field.fill("half a\nthought")
    page.reload()
    expect(field).to_have_value("half a\nthought")
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    visitor.start_chat()
    expect(field).to_have_value("")
    field.fill("another")
    page.goto(first)
    expect(field).to_have_value("half a\nthought")
    field.press("Enter")
    visitor.wait_for_end()
    expect(field).to_have_value("")
    page.reload()
    expect(field).to_have_value("")
    assert Turn.objects.get().user_text == "half a\nthought"


def test_two_tabs_of_a_chat_keep_a_draft_each(
    visitor: Visitor, another_tab: Callable[[], Visitor]
) -> None:
    visitor.start_chat()
    other = another_tab()
    other.page.goto(visitor.page.url)
    fields = [each.page.get_by_label("Message", exact=True) for each in (visitor, other)]
    for field, text in zip(fields, ("one thought", "another"), strict=True):
        field.fill(text)
    visitor.page.reload()
    expect(fields[0]).to_have_value("one thought")
    fields[0].press("Enter")
    visitor.wait_for_end()
    other.page.reload()
    expect(fields[1]).to_have_value("another")
    visitor.page.reload()
    expect(fields[0]).to_have_value("")


def test_enter_before_the_scripts_sends_the_message_once_they_run(
    visitor: Visitor, context: BrowserContext
) -> None:
    page = visitor.page
    visitor.start_chat()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    context.route("**/chat/main*.js", hold)
    page.reload(wait_until="commit")
    field = page.get_by_label("Message", exact=True)
    field.fill("Early bird.")
    expect(page.locator("script[src*=early_enter]")).to_have_count(1)
    page.wait_for_timeout(300)  # nothing on the page tells that a small script has run
    field.press("Enter")
    expect(page.get_by_text("Sent as soon as the page is ready.")).to_be_visible()
    field.press_sequentially("More")
    for route in held:
        route.continue_()
    expect(page.locator("#turns .turn")).to_have_count(1)
    visitor.wait_for_end()
    assert Turn.objects.get().user_text == "Early bird."
    expect(field).to_have_value("More")
    expect(page.get_by_text("Sent as soon as the page is ready.")).to_be_hidden()


def test_a_button_before_the_scripts_acts_once_they_run(
    visitor: Visitor, context: BrowserContext
) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("Say a lot.")
    held: list[Route] = []
    context.route("**/chat/main*.js", lambda route: held.append(route))  # noqa: PLW0108
    page.reload(wait_until="commit")
    expect(page.locator("script[src*=early_enter]")).to_have_count(1)
    page.wait_for_timeout(300)  # nothing on the page tells that a small script has run
    page.locator("#turns .again").click()
    for route in held:
        route.continue_()
    expect(page.get_by_text("2/2")).to_be_visible()
    visitor.wait_for_end()
    assert [turn.user_text for turn in Turn.objects.all()] == ["Say a lot."] * 2


def test_a_message_that_no_socket_took_yet_is_not_a_draft_but_goes_out_after_a_reload(
    visitor: Visitor,
) -> None:
    visitor.start_chat()
    visitor.page.context.set_offline(True)
    visitor.page.evaluate("window.dispatchEvent(new Event('offline'))")
    visitor.say("Take me along.")
    visitor.page.context.set_offline(False)
    visitor.page.reload()
    visitor.wait_for_end()
    assert [turn.user_text for turn in Turn.objects.all()] == ["Take me along."]


def test_the_field_grows_to_a_limit_and_the_page_never_scrolls_away(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    field = page.get_by_label("Message", exact=True)
    height = "one => one.offsetHeight"
    heights = []
    for lines in (1, 4, 60):
        field.fill("\n".join("line" for _ in range(lines)))
        heights.append(field.evaluate(height))
    assert heights[0] < heights[1] < heights[2] == 200
    expect(page.get_by_role("button", name="Send")).to_be_in_viewport()


def test_enter_belongs_to_an_input_method_while_it_composes(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    field = page.get_by_label("Message", exact=True)
    field.fill("nihao")
    for extra in ("isComposing: true", "keyCode: 229"):
        field.evaluate(
            f"""one => one.dispatchEvent(new KeyboardEvent("keydown",
              {{key: "Enter", bubbles: true, cancelable: true, {extra}}}))"""
        )
    expect(field).to_have_value("nihao")
    expect(page.locator("#turns .turn")).to_have_count(0)
    field.press("Enter")
    expect(page.locator("#turns .turn")).to_have_count(1)
    visitor.wait_for_end()


def test_a_message_goes_out_where_the_browser_has_no_random_uuid(visitor: Visitor) -> None:
    """As on a plain http address of a local network."""
    visitor.page.add_init_script("delete Crypto.prototype.randomUUID")
    visitor.start_chat()
    assert visitor.page.evaluate("typeof crypto.randomUUID") == "undefined"
    for text in ("One.", "Two."):
        visitor.talk(text)
    first, second = Turn.objects.oldest_first()
    assert first.client_turn_id != second.client_turn_id
    assert first.client_turn_id.version == 4
