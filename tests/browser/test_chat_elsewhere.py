"""What somebody did in another browser is here when they come back to this page."""

import pytest
from playwright.sync_api import Page, Route, expect

from memory_app import services
from memory_app.models import Chat, Turn
from tests.browser.visitor import Visitor

RETURN = {
    "from another tab": "document.dispatchEvent(new Event('visibilitychange'))",
    "from another window": "dispatchEvent(new Event('focus'))",
}


def come_back(page: Page, how: str = "from another tab") -> None:
    page.wait_for_timeout(1100)  # a second look at once would be no look
    page.evaluate(RETURN[how])


@pytest.fixture
def chat(visitor: Visitor) -> Chat:
    """A chat that is open, with another one beside it."""
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    chat = Chat.objects.get()
    Chat.objects.create(owner=chat.owner, checkpoint=chat.checkpoint, title="Pets")
    visitor.page.reload()
    expect(visitor.page.locator("#memory-turns")).to_have_text("1")
    return chat


@pytest.mark.parametrize("how", RETURN)
def test_a_title_and_a_share_given_elsewhere_are_here(
    visitor: Visitor, chat: Chat, how: str
) -> None:
    page = visitor.page
    services.chat_rename(chat=chat, title="Clara's <b>chat</b>")
    services.chat_share(chat=chat, shared=True)
    come_back(page, how)
    expect(page.locator("#title")).to_have_text("Clara's <b>chat</b>")
    expect(page).to_have_title("Clara's <b>chat</b> · Gatescope")
    expect(page.locator("#chat-list [aria-current]")).to_have_text("Clara's <b>chat</b>")
    expect(page.locator(".chat-head .shared-mark")).to_be_visible()
    page.locator(".chat-here [data-menu]").click()
    expect(page.get_by_role("switch")).to_be_checked()


def test_a_chat_that_was_deleted_elsewhere_says_so(
    visitor: Visitor, chat: Chat, complaints: list[str]
) -> None:
    services.chat_delete(chat=chat)
    visitor.page.evaluate("window.same = true")
    # The socket may have been told first; the page says the same.
    come_back(visitor.page)
    expect(visitor.page.locator("#notice")).to_contain_text("This chat was deleted")
    assert visitor.page.evaluate("window.same")
    # Closed: nothing can be said or done, and the list is a link away.
    field = visitor.page.locator("#text")
    expect(field).to_be_disabled()
    expect(visitor.page.locator("#turns .again")).to_be_hidden()
    expect(visitor.page.locator("#memory-blank")).to_be_disabled()
    expect(visitor.page.locator("#chat-list .title")).to_have_text(["Pets"])
    expect(visitor.page.locator("#notice").get_by_role("link", name="All chats")).to_be_visible()
    visitor.page.keyboard.press("Control+z")
    # Undone elsewhere, it comes back to life in the same page.
    services.chat_restore(chat=chat)
    come_back(visitor.page)
    expect(visitor.page.locator("#notice")).to_be_hidden()
    expect(visitor.page.locator("#turns .again")).to_be_visible()
    expect(visitor.page.locator("#memory-blank")).to_be_enabled()
    expect(visitor.page.locator("#chat-list .title")).to_have_count(2)
    visitor.talk("I have a dog.")
    assert visitor.page.evaluate("window.same")
    assert list(Turn.objects.oldest_first().values_list("parent__user_text", flat=True)) == [
        None,
        "My name is Clara.",
    ]
    # The browser itself writes a line for every answer that it got: the page's 404, and the 403 of
    # a socket that was just being opened, after which the page asks once more.
    visitor.page.goto("about:blank")
    assert all("404" in line or "code: 403" in line for line in complaints)
    complaints.clear()


def test_another_chat_that_was_deleted_or_begun_elsewhere_leaves_the_list_or_comes(
    visitor: Visitor, chat: Chat
) -> None:
    titles = visitor.page.locator("#chat-list .title")
    expect(titles).to_have_text(["Pets", "My name is Clara."])
    services.chat_delete(chat=Chat.objects.get(title="Pets"))
    Chat.objects.create(owner=chat.owner, checkpoint=chat.checkpoint, title="Travel")
    come_back(visitor.page)
    expect(titles).to_have_text(["Travel", "My name is Clara."])


def test_a_search_that_stands_there_is_asked_again(visitor: Visitor, chat: Chat) -> None:
    page = visitor.page
    titles = page.locator("#chat-list .title")
    page.get_by_role("searchbox").fill("pets")
    expect(titles).to_have_text(["Pets"])
    Chat.objects.create(owner=chat.owner, checkpoint=chat.checkpoint, title="More pets")
    come_back(page)
    expect(titles).to_have_text(["More pets", "Pets"])


def test_a_list_with_a_hand_on_it_is_left_alone(visitor: Visitor, chat: Chat) -> None:
    page = visitor.page
    page.locator("#chat-list").get_by_label("Menu of “Pets”").click()
    page.keyboard.press("Enter")
    page.keyboard.type("Cats")
    Chat.objects.create(owner=chat.owner, checkpoint=chat.checkpoint, title="Travel")
    come_back(page)
    page.keyboard.type(" and dogs")
    page.keyboard.press("Enter")
    expect(page.locator("#chat-list .title")).to_have_text(["Cats and dogs", "My name is Clara."])


def test_an_answer_that_comes_once_a_hand_is_on_the_list_leaves_it_alone(
    visitor: Visitor, chat: Chat
) -> None:
    page = visitor.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/chats/?place=rail*", hold)
    with page.expect_request("**/chats/?place=rail*"):
        come_back(page)
    pets = page.locator("#chat-list .title").first
    pets.evaluate("one => { one.focus(); window.focused = one; }")
    with page.expect_response("**/chats/?place=rail*"):
        held[0].continue_()
    page.wait_for_timeout(300)  # time enough to do it wrong
    assert page.evaluate("document.activeElement === window.focused")
    page.keyboard.press("Tab")
    expect(page.locator("#chat-list").get_by_label("Menu of “Pets”")).to_be_focused()
