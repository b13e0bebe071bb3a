"""Every file chooser: one is visible, in the page's language, and a click on it is the input's."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import SiteServer
from tests.browser.visitor import Visitor

HIT = """face => {
  const box = face.getBoundingClientRect();
  const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return hit?.type ?? "nothing";
}"""
PAGES = {"/chats/": 1, "/admin/corpora/": 1, "/admin/checkpoints/import/": 5}


def open_folded(page: Page) -> None:
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [390, 1280])
def test_the_button_that_is_seen_is_the_browsers_chooser(
    visitor: Visitor, as_staff, path: str, width: int
) -> None:
    page = as_staff(visitor.page, path)
    page.set_viewport_size({"width": width, "height": 900})
    open_folded(page)
    faces = page.locator(".file > .button")
    expect(faces).to_have_count(PAGES[path])
    assert page.locator("input[type=file]").count() == PAGES[path]
    for face in faces.all():
        face.scroll_into_view_if_needed()
        # The element on top gets a person's click; Playwright's own click would seek its target.
        hit = face.evaluate(HIT)
        assert hit == "file", hit
    # The browser's own button, in the browser's language, isn't seen beside ours.
    seen = "all => all.filter((one) => getComputedStyle(one).opacity !== '0').length"
    assert page.locator("input[type=file]").evaluate_all(seen) == 0


def test_without_a_script_the_browsers_own_chooser_is_seen(
    browser: Browser, visitor: Visitor, as_staff, server: SiteServer
) -> None:
    staff = as_staff(visitor.page, "/admin/corpora/")
    context = browser.new_context(
        java_script_enabled=False, storage_state=staff.context.storage_state()
    )
    page = context.new_page()
    page.goto(f"{server.url}/admin/corpora/")
    own = page.locator("input[type=file]")
    expect(own).to_have_css("opacity", "1")
    expect(own).to_have_css("position", "static")
    expect(page.locator(".file > .button")).to_be_hidden()
    context.close()
