"""What the chat page weighs: every byte of it, as it goes over the line."""

from playwright.sync_api import Page, Response, expect

from tests.browser.server import SiteServer
from tests.browser.visitor import Visitor

#: Bytes in all: the page, its styles, scripts and pictures, compressed.
BUDGET = 150_000


def test_the_chat_page_weighs_no_more_than_its_budget(
    visitor: Visitor, server: SiteServer, page: Page
) -> None:
    visitor.start_chat()
    for text in ("My name is Clara.", "How are you?", "What is my name?"):
        visitor.talk(text)
    expect(page.locator("#memory-turns")).to_have_text("3")

    answers: list[Response] = []

    def heard(answer: Response) -> None:
        answers.append(answer)

    page.on("response", heard)
    # A first visit: nothing comes from the cache.
    session = page.context.new_cdp_session(page)
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.reload()
    expect(page.locator("#memory-turns")).to_have_text("3")
    page.wait_for_load_state("networkidle")

    weights = {answer.url: answer.request.sizes()["responseBodySize"] for answer in answers}
    assert len([url for url in weights if "/static/js/" in url]) > 10
    assert all(url.startswith((server.url, "data:")) for url in weights)
    assert sum(weights.values()) <= BUDGET, weights
    for answer in answers:
        if "/static/js/" in answer.url or "/static/css/" in answer.url:
            assert answer.headers["content-encoding"] == "br", answer.url
