"""The Lab's page of translation in a browser: both translations, words chosen, gates of each."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from memory_app import registry
from tests.browser.visitor import Visitor


@pytest.fixture
def lab(visitor: Visitor, translation_folders: dict[str, Path]) -> Visitor:
    for folder in translation_folders.values():
        registry.register(folder)
    visitor.page.goto(f"{visitor.url}/lab/translation/")
    expect(visitor.page.locator("#state")).to_have_text("Translated.")
    return visitor


def test_a_sentence_is_translated_by_both_and_each_word_says_how_it_came(lab: Visitor) -> None:
    page = lab.page
    page.get_by_label("English or Chinese").fill("The cat likes the dog.")
    page.keyboard.press("Enter")
    models = page.locator("[data-model]")
    for k in range(2):
        words = models.nth(k).locator("[data-words] button")
        expect(words.first).to_have_text("猫")
        expect(words.last).to_have_text("end")
        expect(models.nth(k).locator("[data-path] circle")).to_have_count(9 + words.count())
        expect(models.nth(k).locator("[data-matrix] tbody tr")).to_have_count(words.count())
    expect(page.locator("#state")).to_have_text("Translated.")
    expect(page.locator("#panes .map.drawn")).to_have_count(1)
    state = models.nth(0)
    state.locator("[data-words] button").nth(0).click()
    expect(state.locator("[data-at]")).to_contain_text("surprised it by")
    page.keyboard.press("ArrowRight")
    expect(state.locator("[data-words] button").nth(1)).to_have_attribute("aria-pressed", "true")
    expect(state.locator("[data-matrix] tr.chosen")).to_have_count(1)
    attending = models.nth(1)
    attending.locator("[data-words] button").nth(0).click()
    expect(attending.locator("[data-at]")).to_contain_text("Attention added")
    page.get_by_role("radio", name="With attention").click()
    expect(page.locator("#value")).to_contain_text("猫")


def test_an_example_is_translated_at_once(lab: Visitor) -> None:
    page = lab.page
    example = page.locator("[data-example]").nth(2)
    text = example.inner_text()
    example.click()
    expect(page.get_by_label("English or Chinese")).to_have_value(text)
    expect(page.locator("#state")).to_have_text("Translated.")
    columns = page.locator("[data-model]").first.locator("[data-matrix] thead th")
    assert columns.last.inner_text() == text[-1]


def test_a_refusal_is_one_sentence_and_goes_away(lab: Visitor, complaints: list[str]) -> None:
    page = lab.page
    text = page.get_by_label("English or Chinese")
    problem = page.locator("#lab-problem")
    for typed, sentence in (
        ("", "There is no sentence to translate."),
        ("Где моя собака?", "Only English and Chinese are translated here."),
    ):
        text.fill(typed)
        page.get_by_role("button", name="Translate", exact=True).click()
        expect(problem).to_have_text(sentence)
    text.fill("The dog sees the cat.")
    page.get_by_role("button", name="Translate", exact=True).click()
    expect(problem).to_be_hidden()
    expect(page.locator("#state")).to_have_text("Translated.")
    complaints.clear()  # the refusals, which the console names
