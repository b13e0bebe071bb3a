"""Who one is changes in another tab: open pages go on as who one is now, no word is lost."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from memory_app.models import Chat, Person, Turn
from tests.browser.visitor import Visitor

PASSWORD = "clara-pass-word"
Tab = Callable[[], Visitor]


def sign_up(tab: Visitor) -> None:
    tab.page.goto(f"{tab.url}/accounts/signup/")
    tab.page.get_by_label("Username").fill("clara")
    tab.page.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.page.get_by_label("Password confirmation").fill(PASSWORD)
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/chats/")


def log_in(page: Page) -> None:
    page.get_by_label("Username").fill("clara")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def forgive(complaints: list[str], page: Page) -> None:
    """The browser's own lines: a socket that was refused, and the page's question after it."""
    page.goto("about:blank")
    assert all("403" in line or "404" in line for line in complaints), complaints
    complaints.clear()


def test_a_chat_page_goes_on_through_a_sign_up_a_log_out_and_a_log_in_elsewhere(
    visitor: Visitor, another_tab: Tab, complaints: list[str]
) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("Hello.")
    field = page.get_by_label("Message", exact=True)
    field.fill("a long question")
    notice = page.locator("#notice")
    other = another_tab()
    # A guest signs up: the chat comes along, and so do the page, its words and its buttons.
    sign_up(other)
    expect(page.locator(".rail-account")).to_contain_text("clara")
    expect(notice).to_be_hidden()
    expect(field).to_have_value("a long question")
    page.locator("#title").click()
    page.get_by_label("Chat title").fill("Renamed")
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_have_text("Renamed")
    field.press("Enter")
    expect(page.locator(".turn")).to_have_count(2)
    visitor.wait_for_end()
    # Logged out: it says so, keeps what was written, and offers the way back in.
    field.fill("another question")
    other.page.get_by_role("button", name="Log out").click()
    other.page.wait_for_url(f"{visitor.url}/")
    expect(notice).to_contain_text("You were logged out")
    visitor.say("sent while logged out")
    expect(page.locator(".turn:last-child .note")).to_have_text(
        "Not sent yet. It will be sent when you log in."
    )
    for button in ("#stop", "#memory-blank", "#undo"):
        expect(page.locator(button)).to_be_disabled()
    field.fill("another question")
    # Logged in again in the other tab: the page goes on by itself, and what waited goes out.
    other.page.goto(f"{visitor.url}/accounts/login/")
    log_in(other.page)
    expect(notice).to_be_hidden()
    visitor.wait_for_end()
    expect(page.locator("#memory-blank")).to_be_enabled()
    expect(field).to_have_value("another question")
    assert [turn.user_text for turn in Turn.objects.oldest_first()] == [
        "Hello.",
        "a long question",
        "sent while logged out",
    ]
    # And by its own link.
    other.page.get_by_role("button", name="Log out").click()
    notice.get_by_role("link", name="Log in").click()
    log_in(page)
    page.wait_for_url("**/chat/*/")
    expect(field).to_have_value("another question")
    assert Chat.objects.get().owner == Person.objects.get(user__username="clara")
    forgive(complaints, page)


def test_pages_that_were_opened_before_a_log_in_elsewhere_still_send_their_forms(
    visitor: Visitor, another_tab: Tab, complaints: list[str]
) -> None:
    visitor.start_chat()
    visitor.talk("Keep me.")
    visitor.start_chat()
    visitor.talk("Delete me.")
    page, late = visitor.page, another_tab()
    other = another_tab()
    sign_up(other)
    other.page.get_by_role("button", name="Log out").click()
    # Two log-in pages: the second is sent after the first has changed the token.
    late.page.goto(f"{visitor.url}/accounts/login/")
    other.page.goto(f"{visitor.url}/accounts/login/")
    page.goto(f"{visitor.url}/accounts/login/")
    log_in(other.page)
    other.page.wait_for_url("**/chats/")
    log_in(late.page)
    late.page.wait_for_url("**/chats/")
    # A list whose htmx form and new chat hold the token of before.
    log_in(page)
    page.wait_for_url("**/chats/")
    late.page.goto(f"{visitor.url}/accounts/login/")
    log_in(late.page)
    late.page.wait_for_url("**/chats/")
    page.get_by_label("Menu of “Keep me.”").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".chat-gone")).to_be_visible()
    page.get_by_role("button", name="New chat").click()
    page.wait_for_url("**/chat/*/")
    assert Chat.objects.get(title="Keep me.").deleted is not None
    forgive(complaints, page)
