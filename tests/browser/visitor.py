"""What somebody does on the pages, in their words."""

import re
from uuid import UUID

from django.conf import settings
from playwright.sync_api import Page, expect


class Visitor:
    """One person in one tab."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def start_chat(self) -> UUID:
        self.page.goto(f"{self.url}/")
        self.page.get_by_role("button", name="Start a chat").click()
        self.page.wait_for_url("**/chat/*/")
        return self.chat

    def session(self) -> str:
        """The key of the browser's session."""
        cookies = {cookie["name"]: cookie["value"] for cookie in self.page.context.cookies()}
        return cookies[settings.SESSION_COOKIE_NAME]

    @property
    def chat(self) -> UUID:
        return UUID(self.page.url.split("/chat/")[1].split("/")[0])

    def say(self, text: str) -> None:
        """Writes and sends; doesn't wait for the reply."""
        self.page.get_by_label("Message", exact=True).fill(text)
        self.page.keyboard.press("Enter")

    def talk(self, text: str) -> str:
        """Writes, sends, waits for the end of the reply and reads it."""
        before = self.page.locator(".turn").count()
        self.say(text)
        expect(self.page.locator(".turn")).to_have_count(before + 1)
        self.wait_for_end()
        return self.reply()

    # Playwright's own wait_for_function would run `eval`, which the page's policy forbids.
    def wait_for_words(self, characters: int = 1) -> None:
        text = self.page.locator(".turn:last-child .bot .text")
        expect(text).to_have_text(re.compile(f"[\\s\\S]{{{characters},}}"))

    def wait_for_end(self) -> None:
        ended = re.compile("^(complete|stopped|length|interrupted|failed)$")
        turn = self.page.locator(".turn:last-child")
        expect(turn).to_have_attribute("data-status", ended)

    def reply(self) -> str:
        return self.page.locator(".turn:last-child .bot .text").evaluate("one => one.textContent")

    def status(self) -> str:
        return self.page.locator(".turn:last-child").get_attribute("data-status") or ""

    def turn(self) -> UUID:
        return UUID(self.page.locator(".turn:last-child").get_attribute("data-turn"))
