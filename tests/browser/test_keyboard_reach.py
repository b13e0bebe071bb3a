"""Whatever can be pressed is reached by Tab alone, and one sees where one is."""

import re

from playwright.sync_api import Page, expect

from tests.browser.gate_view import drawn
from tests.browser.visitor import Visitor

# What a person could press or write in, as it stands on the screen, by names: a list that comes
# anew meanwhile has the same entries. Of a group that is walked by arrow keys one member is the
# stop for Tab; the others are marked so.
PRESSABLE = """() => {
  window.nameOf = (one) => [
    one.closest("aside, header")?.className, one.closest("[data-turn]")?.dataset.turn,
    one.localName, one.id, one.className, one.getAttribute("href"), one.getAttribute("aria-label"),
    one.value, one.dataset.value, one.textContent.trim().slice(0, 40),
  ].filter(Boolean).join(" ");
  const all = document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, [tabindex]");
  window.pressable = [...all].filter((one) => one.checkVisibility({visibilityProperty: true})
    && !one.disabled && one.tabIndex >= 0 && one.type !== "hidden").map(window.nameOf);
  window.reached = new Map();
}"""
# Where Tab has come to, and whether that is marked: by an outline or a shadow, its own or, for the
# field to write in, that of the box around it. A node of the map has its ring drawn by a stroke.
STEP = """() => {
  const one = document.activeElement;
  if (one === document.body) return true; // after the last comes the first
  const marked = (box) => {
    const {outlineStyle, outlineWidth, boxShadow, opacity} = getComputedStyle(box);
    return Number(opacity) > 0 &&
      (outlineStyle !== "none" && parseFloat(outlineWidth) > 0 || boxShadow !== "none");
  };
  const name = window.nameOf(one);
  const again = window.reached.has(name);
  const ring = one.querySelector(":scope > .reach");
  const seen = ring ? getComputedStyle(ring).stroke !== "none" : marked(one);
  window.reached.set(name, seen || Boolean(one.closest(".composer-row, .editor")));
  return !again;
}"""
MISSED = "window.pressable.filter((name) => !window.reached.has(name))"
UNSEEN = "[...window.reached].filter(([, seen]) => !seen).map(([name]) => name)"


def walk(page: Page, what: str, *, least: int) -> None:
    """Tab once around the page: past all that can be pressed, and seen at each."""
    page.evaluate(PRESSABLE)
    for _ in range(page.evaluate("window.pressable.length") + 8):
        page.keyboard.press("Tab")
        if not page.evaluate(STEP):
            break
    missed, unseen = page.evaluate(MISSED), page.evaluate(UNSEEN)
    assert missed == [], what
    assert unseen == [], what
    assert page.evaluate("window.reached.size") >= least, what


def test_tab_reaches_whatever_can_be_pressed(visitor: Visitor) -> None:
    page = visitor.page
    for path, least in (("/", 8), ("/about/memory/", 7), ("/accounts/signup/", 10)):
        page.goto(f"{visitor.url}{path}")
        walk(page, path, least=least)
    visitor.start_chat()
    walk(page, "an empty chat", least=18)
    visitor.talk("My name is Clara.")
    visitor.talk("What is my name?")
    page.locator(".turn:last-child .again").click()
    expect(page.get_by_text("2/2")).to_be_visible()
    visitor.wait_for_end()
    # The panel comes a moment after the reply, and its links with it.
    head = page.locator("#turns .turn").last.get_attribute("data-turn")
    assert head
    expect(page.locator("#memory-file")).to_have_attribute("href", re.compile(re.escape(head)))
    page.get_by_label("Message", exact=True).fill("A draft")
    walk(page, "a chat", least=40)
    for drawer in ("sampling", "tree"):
        page.locator(f"#{drawer}-open").click()
        expect(page.locator(f"#{drawer}")).to_be_visible()
        walk(page, drawer, least=42)
        page.locator(f"#{drawer}-open").click()
    page.get_by_role("link", name="gates", exact=False).last.click()
    drawn(page)
    expect(page.get_by_role("button", name="Save unit as CSV")).to_be_enabled()
    page.get_by_label("Compare with").select_option(index=1)
    drawn(page, "f 1 timescale difference")
    walk(page, "a gate view", least=30)
    page.goto(f"{visitor.url}/chats/")
    walk(page, "the chats", least=12)


def test_what_the_walk_would_find(visitor: Visitor) -> None:
    """So that its silence means something: a trap, and a focus that isn't seen."""
    page = visitor.page
    page.goto(f"{visitor.url}/")
    page.evaluate(
        """() => {
          const lost = document.createElement("button");
          lost.textContent = "never";
          document.querySelector(".hero button").after(lost);
          lost.addEventListener("focus", () => lost.previousElementSibling.focus());
        }"""
    )
    page.evaluate(PRESSABLE)
    for _ in range(20):
        page.keyboard.press("Tab")
        page.evaluate(STEP)
    assert any("about/memory" in one for one in page.evaluate(MISSED))
    page.goto(f"{visitor.url}/")
    page.evaluate("document.querySelector('.hero button').style.outline = 'none'")
    page.evaluate(PRESSABLE)
    for _ in range(12):
        page.keyboard.press("Tab")
        page.evaluate(STEP)
    assert any("Start a chat" in one for one in page.evaluate(UNSEEN))
