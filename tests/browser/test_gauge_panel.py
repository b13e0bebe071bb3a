"""What the memory would say: told facts appear, a corrected one fades, own questions stay."""

import re

import pytest
from playwright.sync_api import Locator, Route, expect

from memory_app import registry, runtime
from memory_app.models import Checkpoint
from tests.browser.visitor import Visitor

TOP = "one => one.getBoundingClientRect().top"


@pytest.fixture
def checkpoint(transactional_db: None) -> Checkpoint:
    """The one that ships: a random model remembers nothing."""
    row = registry.register(registry.BUNDLED / "en")
    registry.promote(row)
    return row


def row(visitor: Visitor, label: str) -> Locator:
    named = visitor.page.locator(".gauge-label", has_text=re.compile(f"^{re.escape(label)}$"))
    return visitor.page.locator(".gauge-row", has=named)


def test_a_told_name_appears_and_a_corrected_home_fades(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    name, home = row(visitor, "name"), row(visitor, "home")
    expect(name.locator(".gauge-value")).to_have_text("doesn’t know")
    below = page.locator("#gauge-ask").evaluate(TOP)
    heights = page.locator(".gauge-row").evaluate_all("all => all.map((one) => one.offsetHeight)")
    assert max(heights) == min(heights) < 50
    visitor.talk("My name is Clara and I live in Oslo.")
    expect(name.locator(".gauge-value")).to_have_text("Clara")
    expect(home.locator(".gauge-value")).to_have_text("Oslo")
    expect(home.locator(".gauge-old")).to_have_text("")
    expect(home).to_have_class(re.compile("lit"))
    expect(page.locator("#gauge-spoken")).to_contain_text("home: now Oslo.")
    assert float(name.locator(".gauge-p").inner_text()) > 0.5
    visitor.talk("No, I live in Rome.")
    expect(home.locator(".gauge-value")).to_have_text("Rome")
    expect(home.locator(".gauge-old")).to_have_text("Oslo")
    expect(home.locator(".gauge-faded")).to_have_text("faded")
    expect(name).not_to_have_class(re.compile("lit"))
    expect(page.locator("#gauge-spoken")).to_have_text("home: now Rome, before Oslo.")
    expect(row(visitor, "age").locator(".gauge-value")).to_have_text("doesn’t know")
    # Nothing has moved, whatever the rows say.
    assert page.locator("#gauge-ask").evaluate(TOP) == below
    for bars, heights in ((0, (False, True)), (1, (True, False))):
        drawn = home.locator(".gauge-bars path").nth(bars).get_attribute("d") or ""
        tall = [float(height) < -8 for height in re.findall(r"v(-[0-9.]+)h", drawn)]
        assert tuple(tall) == heights
    home.locator("summary").click()
    expect(home.locator(".gauge-question")).to_have_text("Asked: “Where do I live?”")
    expect(home.locator(".gauge-answer")).to_contain_text("Rome")

    # Undo takes the correction back, and a blank memory has been told nothing.
    page.keyboard.press("Control+z")
    expect(home.locator(".gauge-value")).to_have_text("Oslo")
    expect(home.locator(".gauge-old")).to_have_text("")
    page.locator("#memory-blank").click()
    expect(home.locator(".gauge-value")).to_have_text("doesn’t know")


def test_own_questions_are_kept_with_the_chat_and_can_be_removed(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("My dog is called Rex.")
    expect(page.locator(".gauge-row")).to_have_count(6)
    field = page.get_by_label("Ask the memory a question")
    own = "What is my dog's name?"
    field.fill(own)
    field.press("Enter")
    expect(row(visitor, own).locator(".gauge-value")).to_have_text("Rex")
    label = row(visitor, own).locator(".gauge-label")
    assert label.evaluate("one => one.scrollWidth <= one.clientWidth")  # it stands whole
    field.fill("Who is my hero?")
    field.press("Enter")
    expect(page.locator(".gauge-row")).to_have_count(8)
    field.fill("One more?")
    field.press("Enter")
    expect(page.locator("#gauge-refusal")).to_have_text("At most 8 questions. Remove one first.")
    expect(page.locator(".gauge-row")).to_have_count(8)

    page.reload()
    expect(row(visitor, own).locator(".gauge-value")).to_have_text("Rex")
    food = row(visitor, "food")
    food.locator("summary").press("Enter")
    food.get_by_role("button", name="Remove this question").press("Enter")
    expect(page.locator(".gauge-row")).to_have_count(7)
    expect(row(visitor, "colour").locator("summary")).to_be_focused()
    page.get_by_role("button", name="Restore the usual questions").click()
    expect(page.locator(".gauge-row")).to_have_count(6)
    expect(food).to_be_visible()
    visitor.start_chat()  # another chat has questions of its own
    expect(page.locator(".gauge-row")).to_have_count(6)


def test_the_answers_can_be_taken_along(visitor: Visitor) -> None:
    page = visitor.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    page.get_by_role("button", name="Copy as CSV").click()
    head, line = page.evaluate("navigator.clipboard.readText()").splitlines()[:2]
    assert head == "turn,label,question,value,probability"
    assert re.fullmatch(r'1,"name","What is my name\?","Clara",[0-9.]+', line)


def test_under_load_the_panel_keeps_its_answers_and_asks_again(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    name = row(visitor, "name").locator(".gauge-value")
    expect(name).to_have_text("Clara")
    busy = [True]
    replying = runtime.is_replying
    monkeypatch.setattr(runtime, "is_replying", lambda: busy[0] or replying())
    visitor.talk("No, my name is Ben.")
    expect(page.locator("#gauge-rows")).to_have_class(re.compile("late"))
    expect(name).to_have_text("Clara")
    busy[0] = False
    expect(name).to_have_text("Ben")
    expect(page.locator("#gauge-rows")).not_to_have_class(re.compile("late"))


def test_in_the_gate_view_one_value_falls_and_the_other_rises(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("My name is Clara and I live in Oslo.")
    visitor.talk("No, I live in Rome.")
    page.goto(f"{visitor.url}/turn/{visitor.turn()}/")
    note = page.locator("#turn-gauge-note")
    expect(note).to_have_text(
        re.compile("^At “Rome” \\(token 7\\) Rome rises to [01][.][0-9]+[.]$")
    )
    expect(page.locator("#turn-gauge-question")).to_have_value("Where do I live?")
    expect(page.locator("#turn-gauge-keys .key")).to_have_text(["Oslo", "Rome"])
    chart = page.locator("#turn-gauge-chart")
    expect(chart).to_have_attribute("aria-label", re.compile("^Oslo: .*; Rome: "))
    page.locator("#turn-gauge-question").select_option("What is my name?")
    expect(note).to_have_text(re.compile("^Clara stays the answer: "))
    page.locator("#turn-gauge-question").select_option("How old am I?")
    expect(note).to_have_text("The memory gives no answer to this, before or after the turn.")


def test_another_wording_of_an_answer_is_neither_lit_nor_faded(visitor: Visitor) -> None:
    page = visitor.page
    wordings = ["41 years", "41"]

    def reword(route: Route) -> None:
        answer = route.fetch()
        reading = answer.json()
        for values in reading.get("course", {"values": []})["values"]:
            for value in values:
                value["wordings"] = wordings[: len(reading["course"]["turns"])]
                value["value"] = value["wordings"][-1]
                reading["turns"][-1]["answers"][0]["value"] = value["value"]
        route.fulfill(response=answer, json=reading)

    page.route("**/gauge.json*", reword)
    visitor.start_chat()
    name = row(visitor, "name")
    visitor.talk("My name is Clara.")
    expect(name.locator(".gauge-value")).to_have_text("41 years")
    expect(name).to_have_class(re.compile("lit"))
    visitor.talk("I like music.")
    expect(name.locator(".gauge-value")).to_have_text("41")
    expect(name).not_to_have_class(re.compile("lit"))
    expect(name.locator(".gauge-old")).to_have_text("")
    expect(page.locator("#gauge-spoken")).to_have_text("")
