"""On every page: the other language, the other theme, no motion where none is wanted."""

from playwright.sync_api import Page, expect

from memory_app.models import Checkpoint
from memory_app.services.training.evaluations import evaluation_record
from tests.browser.visitor import Visitor

PAGES = ("/", "/about/memory/", "/accounts/signup/", "/accounts/login/", "/chats/", "/lab/",
         "/accounts/you/", "/accounts/you/delete/")  # fmt: skip


def with_a_chat(visitor: Visitor) -> tuple[str, ...]:
    """All pages that have a bar, those of a chat with a turn included."""
    chat = visitor.start_chat()
    visitor.talk("My name is Clara.")
    return (*PAGES, f"/chat/{chat}/", f"/turn/{visitor.turn()}/")


def ground(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.documentElement).backgroundColor")


def test_language_and_theme_are_switched_where_one_stands(
    visitor: Visitor, complaints: list[str]
) -> None:
    page = visitor.page
    page.emulate_media(color_scheme="light")
    for path in with_a_chat(visitor):
        page.goto(f"{visitor.url}{path}")
        html = page.locator("html")
        expect(html).to_have_attribute("lang", "en")
        english = page.locator("main").inner_text()
        page.get_by_role("button", name="中文").click()
        expect(html).to_have_attribute("lang", "zh-hans")
        # The gate view adds what is looked at.
        assert page.url.partition("#")[0] == f"{visitor.url}{path}"
        chinese = page.locator("main").inner_text()
        assert any("\u4e00" <= char <= "\u9fff" for char in chinese), path
        assert chinese != english, path

        light = ground(page)
        page.get_by_role("button", name="切换浅色与深色").click()
        assert ground(page) != light, path
        page.get_by_role("button", name="切换浅色与深色").click()
        assert ground(page) == light, path
        page.get_by_role("button", name="English").click()
        expect(html).to_have_attribute("lang", "en")
    # What isn't there says so in either language too, the same to every asker.
    page.goto(f"{visitor.url}/nowhere/")
    for name, sentence in (("中文", "找不到页面"), ("English", "Page not found")):
        page.get_by_role("button", name=name).click()
        expect(page.locator("h1")).to_have_text(sentence)
        assert page.url == f"{visitor.url}/nowhere/"
    complaints.clear()  # the 404, which the console tells of


def test_no_page_is_wider_than_a_phone(visitor: Visitor) -> None:
    page = visitor.page
    pages = with_a_chat(visitor)
    for language in ("en", "zh-hans"):
        cookie = {"name": "django_language", "value": language, "url": visitor.url}
        page.context.add_cookies([cookie])  # type: ignore[list-item]
        for path in pages:
            for width, height in ((390, 844), (320, 568)):
                page.set_viewport_size({"width": width, "height": height})
                if width == 390:
                    page.goto(f"{visitor.url}{path}")
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, (path, language)


def test_nothing_moves_where_no_motion_is_wanted(visitor: Visitor) -> None:
    page = visitor.page
    page.emulate_media(reduced_motion="reduce")
    moving = """() => [...document.querySelectorAll("*")].filter((one) => {
        const style = getComputedStyle(one);
        const lasts = style.transitionDuration.split(",").some((time) => parseFloat(time) > 0);
        return lasts || style.animationName !== "none" || style.scrollBehavior === "smooth";
    }).map((one) => one.outerHTML.slice(0, 80))"""
    for path in with_a_chat(visitor):
        page.goto(f"{visitor.url}{path}")
        assert page.evaluate(moving) == [], path


def test_the_page_about_memory_is_one_click_from_where_it_is_needed(visitor: Visitor) -> None:
    page = visitor.page
    pages = with_a_chat(visitor)
    for path in ("/", *pages[-2:]):
        page.goto(f"{visitor.url}{path}")
        link = page.locator("a[href='/about/memory/']").first
        expect(link).to_be_visible()
        link.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("How the memory works")
        expect(page.locator("figure svg")).to_have_count(4)


def test_the_front_page_plays_a_recorded_chat_that_can_be_paused_and_stepped(
    visitor: Visitor, checkpoint: Checkpoint
) -> None:
    page = visitor.page
    exam = {"recall": {"exact_match": {"gap_0": 0.9}, "n": 200}}
    evaluation_record(checkpoint=checkpoint, suite="recall", result=exam)
    page.goto(f"{visitor.url}/")
    live = page.locator("#live")
    live.scroll_into_view_if_needed()
    page.get_by_role("button", name="Pause").click()
    height = live.bounding_box()
    page.get_by_role("button", name="Next turn").click()
    while page.locator("#live-back").get_attribute("aria-disabled") == "false":
        page.locator("#live-back").click()
    expect(page.locator("#live-at")).to_have_text("1 / 5")
    expect(live.locator("dl:visible")).to_contain_text("Oslo")
    for _ in range(3):
        page.get_by_role("button", name="Next turn").click()
    expect(live.locator("dl:visible .lit")).to_contain_text("Rome")
    expect(live.locator("dl:visible .lit s")).to_have_text("Oslo")
    assert live.bounding_box() == height  # nothing moved
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    expect(page.locator("#live-at")).to_have_text("5 / 5")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
