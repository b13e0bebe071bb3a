"""A click on a word of a reply lights up the earlier words that it was read from."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from memory_app import registry
from memory_app.models import Chat, Person
from tests.browser.visitor import Visitor
from tests.conftest import spoken_turn

BUNDLED = Path("memory_app/bundled/en")
TOLD = (
    ("My name is Clara.", "Nice to meet you, Clara."),
    ("I have a cat.", "That is nice."),
    ("I live in Oslo.", "Okay."),
    ("What is my name?", "*Yes*, your name is Clara."),
)


@pytest.fixture
def told(visitor: Visitor) -> Chat:
    """A chat on the bundled checkpoint in which a name was told and asked for."""
    visitor.start_chat()
    owner = Person.objects.latest("created")
    chat = Chat.objects.create(owner=owner, checkpoint=registry.register(BUNDLED))
    for text, reply in TOLD:
        spoken_turn(Chat.objects.get(pk=chat.pk), text, reply)
    visitor.page.goto(f"{visitor.url}/chat/{chat.pk}/")
    return chat


def middle_of(page: Page, turn: int, speaker: str, word: str) -> tuple[float, float]:
    """The middle of a word of the turn's message or reply, as it is drawn."""
    x, y = page.locator(f".turn:nth-child({turn}) .{speaker}").evaluate(
        """(said, word) => {
          const walker = document.createTreeWalker(said, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const { currentNode: node } = walker;
            const at = node.data.indexOf(word);
            if (at < 0 || !node.parentElement.checkVisibility()) continue;
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + word.length);
            const box = range.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
          }
        }""",
        word,
    )
    return x, y


def lit(page: Page, name: str) -> list[list[str]]:
    """The texts that a highlight is on, each with who says it."""
    return page.evaluate(
        """(name) => [...(CSS.highlights.get(name) ?? [])].map((range) => [
          range.startContainer.parentElement.closest(".said").classList[1], range.toString(),
        ])""",
        name,
    )


def test_the_name_in_a_reply_lights_up_where_it_was_told(visitor: Visitor, told: Chat) -> None:
    page = visitor.page
    height = page.locator("#scroller").evaluate("one => one.scrollHeight")
    page.mouse.click(*middle_of(page, 4, "bot", "Clara"))
    expect(page.locator("#trace-word")).to_have_text("Where “Clara” came from")
    first = page.locator("#trace-sources li").first
    expect(first).to_contain_text("Clara")
    # Drawn as Markdown, without the signs of the text.
    assert lit(page, "traced") == [["bot", "Clara"]]
    marked = [lit(page, f"source-{n}") for n in range(1, 6)]
    assert [["you", "Clara"]] in marked[:2]
    assert page.locator(".trace-lines path").count() == len([one for one in marked if one])
    assert page.locator("#scroller").evaluate("one => one.scrollHeight") == height
    # The effect of each earlier turn: without the first the name is far less likely.
    page.get_by_role("button", name="Compute the effect").click()
    expect(page.locator("#trace-agreement")).to_contain_text("Rank correlation")
    assert page.locator("#trace-turns tr").count() == 3
    expect(page.locator("#trace-turns tr").first.locator("td").last).to_have_text(
        re.compile("^−[1-9]")
    )
    page.keyboard.press("Escape")
    expect(page.locator("#trace")).to_be_hidden()
    assert lit(page, "source-1") == []
    assert page.locator(".trace-lines path").count() == 0


def test_a_selection_and_a_link_trace_nothing(visitor: Visitor, told: Chat) -> None:
    page = visitor.page
    x, y = middle_of(page, 4, "bot", "name")
    page.mouse.move(x - 20, y)
    page.mouse.down()
    page.mouse.move(x + 30, y, steps=4)
    page.mouse.up()
    assert page.evaluate("getSelection().toString()") != ""
    expect(page.locator("#trace")).to_be_hidden()
    page.mouse.click(*middle_of(page, 4, "you", "name"))
    expect(page.locator("#trace")).to_be_hidden()


def test_the_keyboard_chooses_a_word_and_comes_back(visitor: Visitor, told: Chat) -> None:
    page = visitor.page
    button = page.locator(".turn:last-child .trace-open")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#trace-note")).to_have_text(re.compile("Choose a word"))
    expect(page.locator("#trace-words button").first).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.locator("#trace-sources li").first).to_contain_text("Clara")
    expect(page.locator("#trace-words [aria-pressed=true]")).to_be_focused()
    # A source's button brings its word into view.
    page.locator("#trace-sources button").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("#trace")).to_be_hidden()
    expect(button).to_be_focused()


def test_a_new_message_ends_the_trace(visitor: Visitor, told: Chat) -> None:
    page = visitor.page
    page.mouse.click(*middle_of(page, 4, "bot", "Clara"))
    expect(page.locator("#trace-sources li").first).to_be_visible()
    visitor.say("Thank you.")
    expect(page.locator("#trace")).to_be_hidden()
    visitor.wait_for_end()


def test_the_panel_shows_what_memory_is_made_of(visitor: Visitor, told: Chat) -> None:
    page = visitor.page
    chart = page.locator("#made-of-chart")
    chart.scroll_into_view_if_needed()
    expect(chart.locator("path")).to_have_count(4)
    expect(page.locator("#made-of-readout")).to_have_text(
        re.compile(r"^Shares of layer 2 by turn, now: turn\s\d\s\d+%(, turn\s\d\s\d+%){2}$")
    )
    page.get_by_role("radio", name="Layer 1").click()
    expect(chart).to_have_attribute("aria-label", re.compile("^Shares of layer 1 by turn, now: "))
    chart.focus()
    page.keyboard.press("Home")
    expect(page.locator("#made-of-readout")).to_have_text(re.compile("^Turn 1 wrote .+ now"))
    with page.expect_download() as download:
        page.locator("#made-of-csv").click()
    rows = Path(download.value.path()).read_text().splitlines()
    assert rows[0] == "layer,after turn,turn,id,share"
    assert len(rows) == 1 + 2 * (1 + 2 + 3 + 4)
    with page.expect_download() as download:
        page.locator("#made-of-svg").click()
    assert Path(download.value.path()).read_text().startswith("<svg")
