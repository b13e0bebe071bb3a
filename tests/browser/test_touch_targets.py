"""With a finger: whatever is tapped is 44 px high and wide, apart from links in a sentence."""

from playwright.sync_api import Browser

from tests.browser.server import SiteServer
from tests.browser.visitor import Visitor

# Left out: a link in running text, whose height is the line's (WCAG 2.5.5 leaves it out, too); what
# is visually hidden; the tokens of the gate view, which are as wide as their text.
SMALL = """() => [...document.querySelectorAll("a[href], button:not(.token), select, summary")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .map((one) => ({ one, box: one.getBoundingClientRect() }))
  .filter(({ one, box }) => box.width > 1 && Math.min(box.width, box.height) < 43.5)
  .filter(({ one }) => {
    const around = one.parentElement.textContent.trim().length > one.textContent.trim().length;
    return !(getComputedStyle(one).display === "inline" && around);
  })
  .map(({ one, box }) => [one.outerHTML.slice(0, 60), box.width, box.height].join(" "))
"""


def test_targets_are_as_large_as_a_finger(
    browser: Browser, server: SiteServer, complaints: list[str]
) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    context = browser.new_context(**phone)  # type: ignore[arg-type]
    visitor = Visitor(context.new_page(), server.url)
    page = visitor.page
    small: dict[str, list[str]] = {}

    def measure(name: str) -> None:
        assert page.evaluate("matchMedia('(pointer: coarse)').matches")
        if found := page.evaluate(SMALL):
            small[name] = found

    for path in ("/", "/about/memory/", "/accounts/signup/", "/accounts/login/", "/chats/"):
        page.goto(f"{visitor.url}{path}")
        measure(path)
    visitor.start_chat()
    measure("a new chat")
    visitor.talk("My name is Clara.")
    turn = visitor.turn()
    measure("a chat")
    page.get_by_role("button", name="Edit", exact=False).first.click()
    measure("an edited message")
    page.locator("[data-opens=memory]").click()
    measure("the memory")
    box = page.locator("#memory").get_by_role("link", name="How it works").bounding_box()
    assert box is not None
    assert box["height"] >= 44
    page.goto(f"{visitor.url}/chats/")
    measure("the list")
    page.goto(f"{visitor.url}/turn/{turn}/")
    measure("the gate view")
    context.close()
    assert not small, "\n".join(f"{name}: {line}" for name in small for line in small[name])
