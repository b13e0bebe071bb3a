"""Guests, members, their lists of chats, the pages for errors, the languages."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from memory_app import services
from memory_app.models import Chat
from tests.browser.visitor import Visitor


def sign_up(visitor: Visitor, name: str) -> None:
    page = visitor.page
    page.goto(f"{visitor.url}/accounts/signup/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill("a-long-pass-word")
    page.get_by_label("Password confirmation").fill("a-long-pass-word")
    page.get_by_role("button", name="Sign up").click()


def test_a_guests_chats_come_along_when_they_sign_up(visitor: Visitor) -> None:
    chat = visitor.start_chat()
    visitor.talk("My name is Clara.")
    sign_up(visitor, "clara")
    page = visitor.page
    page.wait_for_url("**/chats/")
    expect(page.get_by_role("link", name="My name is Clara.", exact=True)).to_be_visible()
    assert str(Chat.objects.get(pk=chat).owner) == "clara"

    page.get_by_role("button", name="Log out").click()
    page.goto(f"{visitor.url}/chats/")
    expect(page.get_by_text("No chats yet")).to_be_visible()
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("Username").fill("clara")
    page.get_by_label("Password").fill("a-long-pass-word")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="My name is Clara.", exact=True).click()
    expect(page.locator(".turn")).to_have_count(1)


@pytest.mark.parametrize("way", ["log in", "Sign up"])
def test_ones_own_chat_opened_while_logged_out_is_come_back_to(
    visitor: Visitor, complaints: list[str], way: str
) -> None:
    """The page that isn't found leads back to what was asked for, over either form."""
    page = visitor.page
    chat = visitor.start_chat()
    visitor.talk("My name is Clara.")
    sign_up(visitor, "clara")
    page.wait_for_url("**/chats/")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{visitor.url}/")
    page.goto(f"{visitor.url}/chat/{chat}/")
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
    assert complaints  # the browser's own, of the 404
    complaints.clear()
    page.get_by_role("link", name=way, exact=True).first.click()
    if way == "Sign up":
        page.get_by_role("main").get_by_role("link", name="Log in").click()
    page.get_by_label("Username").fill("clara")
    page.get_by_label("Password").fill("a-long-pass-word")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{visitor.url}/chat/{chat}/")
    expect(page.locator(".turn")).to_have_count(1)


def test_the_list_of_chats_says_that_the_session_is_over(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    sign_up(visitor, "clara")
    page.wait_for_url("**/chats/")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("searchbox").press_sequentially("clara")
    expect(page.get_by_role("navigation", name="Site").get_by_text("Log in")).to_be_visible()
    expect(page.get_by_text("Chats with “clara”: 0")).to_be_visible()


def test_a_form_that_is_wrong_says_why_and_keeps_the_name(visitor: Visitor) -> None:
    visitor.page.goto(f"{visitor.url}/accounts/signup/")
    visitor.page.get_by_label("Username").fill("clara")
    visitor.page.get_by_label("Password", exact=True).fill("12345678")
    visitor.page.get_by_label("Password confirmation").fill("12345678")
    visitor.page.get_by_role("button", name="Sign up").click()
    expect(visitor.page.get_by_role("alert")).to_contain_text("entirely numeric")
    expect(visitor.page.get_by_label("Username")).to_have_value("clara")


def test_chats_are_found_renamed_and_deleted(visitor: Visitor) -> None:
    page = visitor.page
    for text in ("My name is Clara.", "I moved to Zanzibar."):
        visitor.start_chat()
        visitor.talk(text)
    page.goto(f"{visitor.url}/chats/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "q=" in request.url else None)
    page.get_by_role("searchbox").fill("zanziBAR")
    page.get_by_role("searchbox").press("Enter")
    titles = page.locator(".chats .title")
    expect(titles).to_have_text(["I moved to Zanzibar."])
    page.wait_for_timeout(500)  # longer than typing waits: a second list would close an open menu
    assert len(asked) == 1

    page.get_by_label("Menu of").click()
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Chat title").fill("Pets")
    page.keyboard.press("Enter")
    # Still found: the word stands in the message.
    expect(titles).to_have_text(["Pets"])
    page.reload()
    expect(titles).to_have_text(["Pets"])
    page.get_by_label("Menu of").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("“Pets” was deleted.")).to_be_visible()
    page.goto(f"{visitor.url}/chats/")
    expect(titles).to_have_text(["My name is Clara."])
    assert Chat.objects.filter(deleted=None).count() == 1


def test_somebody_elses_chat_looks_like_none_at_all(
    visitor: Visitor, browser: Browser, complaints: list[str]
) -> None:
    chat = visitor.start_chat()
    stranger = browser.new_context().new_page()

    def asked(key: object) -> tuple[int, str]:
        answer = stranger.goto(f"{visitor.url}/chat/{key}/")
        assert answer is not None
        return answer.status, answer.text()

    theirs, none = asked(chat), asked("00000000-0000-4000-8000-000000000000")
    assert theirs == none
    assert theirs[0] == 404
    expect(stranger.get_by_role("heading")).to_have_text("Page not found")
    stranger.context.close()


def test_a_fault_of_ours_has_a_page_of_its_own(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, complaints: list[str]
) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(services, "person_ensure", broken)
    answer = visitor.page.goto(f"{visitor.url}/")
    assert answer is not None
    assert answer.status == 500
    expect(visitor.page.get_by_role("heading")).to_have_text("Something went wrong")
    assert "on purpose" not in answer.text()
    complaints.clear()


def test_the_whole_chat_page_speaks_chinese(
    visitor: Visitor, another_tab: Callable[[], Visitor]
) -> None:
    visitor.page.goto(f"{visitor.url}/")
    visitor.page.get_by_role("button", name="中文").click()
    visitor.page.get_by_role("button", name="开始对话").click()
    expect(visitor.page.get_by_role("button", name="发送")).to_be_visible()
    visitor.page.get_by_role("textbox", name="消息").fill("字" * 3990)
    # Characters at once, tokens when the server has counted them.
    count = re.compile("还可输入 10 个字符|超出 .+ 个词元")
    expect(visitor.page.get_by_text(count)).to_be_visible()
    assert visitor.page.locator("html").get_attribute("lang") == "zh-hans"
    visitor.page.get_by_role("button", name="English").click()
    expect(visitor.page.get_by_role("button", name="Send")).to_be_visible()


def test_the_chosen_theme_stays(visitor: Visitor) -> None:
    page = visitor.page
    page.emulate_media(color_scheme="light")
    page.goto(f"{visitor.url}/")
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.goto(f"{visitor.url}/chats/")
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert dark != light
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_on_a_phone_chats_and_memory_are_sheets_and_the_composer_stays(visitor: Visitor) -> None:
    page = visitor.page
    page.set_viewport_size({"width": 390, "height": 700})
    visitor.start_chat()
    for _ in range(3):
        visitor.talk("A first message that is far too long to fit into the head of a phone")
    expect(page.get_by_label("Message", exact=True)).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Memory")).to_be_in_viewport(ratio=1)

    button = page.get_by_role("button", name="Memory")
    expect(page.locator("#memory")).to_be_hidden()
    button.press("Enter")
    expect(page.locator("#memory")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#memory")).to_be_hidden()
    expect(button).to_be_focused()
    page.get_by_role("button", name="Chats").click()
    expect(page.locator("#rail")).to_be_visible()
    page.mouse.click(380, 400)
    expect(page.locator("#rail")).to_be_hidden()
