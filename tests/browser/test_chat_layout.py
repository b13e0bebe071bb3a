"""Nothing jumps, nothing breaks: layout shift while streaming, long words, other directions."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.scrolling import COMES_TO_ITS_END, COMES_TO_ITS_TOP
from tests.browser.visitor import Visitor

# Cumulative layout shift as browsers report it: shifts soon after input are the person's own.
LISTEN = """() => {
  window.shift = 0;
  window.shifted = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      window.shift += entry.value;
      window.shifted.push(...entry.sources.map(({node}) => node?.className ?? node?.nodeName));
    }
  }).observe({type: "layout-shift", buffered: true});
}"""
MARKED = "**Bold** words, and `code` too.\n\n- one\n- two\n\n```\nlet x = 1;\n```\nThe end of *it*."


@pytest.mark.parametrize("width", [1280, 390])
def test_the_layout_does_not_shift_while_replies_stream(
    visitor: Visitor, slowly: None, will_say: Callable[[str], None], width: int
) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 800})
    visitor.start_chat()
    visitor.page.evaluate(LISTEN)
    will_say("Plain words go on and on, over more than a line of the page, till they end. " * 2)
    visitor.talk("Say a lot.")
    will_say(MARKED)
    visitor.talk("Now with marks.")
    expect(visitor.page.locator("#turns .markdown strong")).to_have_text("Bold")
    will_say("Short.")
    visitor.talk("And again.")
    # The last entries come after the last frame was painted.
    visitor.page.evaluate("new Promise((done) => setTimeout(done, 1000))")
    shift = visitor.page.evaluate("window.shift")
    assert shift <= 0.02, visitor.page.evaluate("window.shifted")


@pytest.mark.parametrize("width", [1280, 890, 390])
def test_the_page_around_the_panels_has_nothing_to_scroll(visitor: Visitor, width: int) -> None:
    page = visitor.page
    page.set_viewport_size({"width": width, "height": 500})
    visitor.start_chat()
    visitor.talk("One.")
    visitor.say("Two.")
    for _ in range(2):  # while a reply is waited for, and afterwards
        page.evaluate("document.scrollingElement.scrollTo(0, 1000)")
        assert page.evaluate("document.scrollingElement.scrollTop") == 0
        visitor.wait_for_end()


def test_the_observer_hears_a_shift(visitor: Visitor) -> None:
    """So that silence in the test above means something."""
    visitor.start_chat()
    visitor.page.evaluate(LISTEN)
    visitor.page.evaluate(
        """() => new Promise((done) => {
          document.getElementById("openings").style.marginTop = "200px";
          setTimeout(done, 1000);
        })"""
    )
    assert visitor.page.evaluate("window.shift") > 0.02


@pytest.mark.parametrize("width", [1280, 390])
def test_long_words_and_long_messages_stay_inside(
    visitor: Visitor, will_say: Callable[[str], None], width: int
) -> None:
    page = visitor.page
    page.set_viewport_size({"width": width, "height": 800})
    visitor.start_chat()
    will_say("".join(map(str, range(60))))
    visitor.talk("x" * 2000)
    visitor.talk("word " * 400)
    for element in ("document.documentElement", "document.getElementById('scroller')"):
        assert page.evaluate(f"{element}.scrollWidth <= {element}.clientWidth")
    expect(page.get_by_label("Message", exact=True)).to_be_in_viewport()


def test_a_text_from_right_to_left_stands_at_the_right(
    visitor: Visitor, will_say: Callable[[str], None]
) -> None:
    page = visitor.page
    visitor.start_chat()
    will_say("**שלום** לך")
    page.get_by_label("Message", exact=True).fill("שלום")
    direction = "one => getComputedStyle(one).direction"
    # Each paragraph of the field has its own; `dir=auto` would be slow there with long texts.
    bidi = "one => getComputedStyle(one).unicodeBidi"
    assert page.get_by_label("Message", exact=True).evaluate(bidi) == "plaintext"
    page.keyboard.press("Enter")
    expect(page.locator("#turns .markdown strong")).to_have_text("שלום")
    assert page.locator("#turns .you .text").evaluate(direction) == "rtl"
    assert page.locator("#turns .markdown").evaluate(direction) == "rtl"


def test_the_page_that_was_said_much_in_ends_where_the_reader_is(
    visitor: Visitor, will_say: Callable[[str], None]
) -> None:
    page = visitor.page
    page.set_viewport_size({"width": 390, "height": 500})
    visitor.start_chat()
    will_say("- one\n- two\n- three\n\n**four**")
    for text in ("First.", "Second.", "Third."):
        visitor.talk(text)
        expect(page.locator("#turns .turn:last-child .markdown strong")).to_be_visible()
    jump = page.get_by_role("button", name="Scroll to the end")
    assert page.locator("#scroller").evaluate(COMES_TO_ITS_END)
    expect(jump).to_be_hidden()
    page.locator("#scroller").focus()
    page.keyboard.press("Home")
    # The key scrolls smoothly: on its way it would move the page on.
    assert page.locator("#scroller").evaluate(COMES_TO_ITS_TOP)
    expect(jump).to_be_visible()
    jump.focus()
    page.keyboard.press("Enter")
    expect(jump).to_be_hidden()


def test_a_move_up_right_after_the_page_went_to_its_end_is_the_readers(visitor: Visitor) -> None:
    page = visitor.page
    page.set_viewport_size({"width": 390, "height": 800})
    visitor.start_chat()
    visitor.talk("First.")
    scroller = page.locator("#scroller")
    assert scroller.evaluate(COMES_TO_ITS_END)
    # The turn grows, the page follows; before the next frame the reader moves up.
    scroller.evaluate(
        """scroller => new Promise(done => requestAnimationFrame(() => {
          scroller.querySelector(".turn").style.minHeight = "3000px";
          setTimeout(() => {
            scroller.scrollTo(0, 0);
            done();
          });
        }))"""
    )
    expect(page.get_by_role("button", name="Scroll to the end")).to_be_visible()


def test_the_titles_focus_ring_is_whole(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    title = page.locator("#title")
    title.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(title).to_be_focused()
    # Nothing that is around it cuts off what is drawn outside of it.
    assert title.evaluate(
        """one => {
          for (let box = one.parentElement; box.matches(".chat-head *"); box = box.parentElement) {
            if (getComputedStyle(box).overflow !== "visible") return false;
          }
          return one.getBoundingClientRect().height >= 20;
        }"""
    )
