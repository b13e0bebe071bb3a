"""The Lab's page in a browser: words coloured as they are read, a unit set, gates, a table."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from memory_app import registry
from tests.browser.visitor import Visitor


@pytest.fixture
def lab(visitor: Visitor, sentiment_folder: Path) -> Visitor:
    registry.register(sentiment_folder)
    visitor.page.goto(f"{visitor.url}/lab/sentiment/")
    return visitor


def test_a_text_is_coloured_and_its_words_say_what_moved_the_score(lab: Visitor) -> None:
    page = lab.page
    page.get_by_label("Texts, one per line").fill("a great film\na bad meal")
    rows = page.locator(".lab-text")
    expect(rows).to_have_count(2)
    expect(rows.nth(1).locator(".lab-word")).to_have_count(4)  # and its end
    good, bad = (
        float(rows.nth(k).locator(".lab-score").inner_text().rstrip("%")) for k in range(2)
    )
    assert good > 50 > bad
    page.locator(".lab-text").nth(0).get_by_role("button", name="great").click()
    expect(page.locator("#moved-at")).to_have_text("at “great”")
    expect(page.locator("#moved li").first).to_contain_text("unit")
    expect(page.locator("#panes .map.drawn")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#moved-at")).to_have_text("at “film”")
    # The text's score is the one at its end, which is shown as the words are.
    page.keyboard.press("ArrowRight")
    expect(page.locator("#moved-at")).to_have_text("at “end”")
    end = rows.nth(0).locator(".lab-word").last
    expect(end).to_have_attribute("aria-label", f"end: {good:.1f}%")
    expect(page.locator("#value")).to_contain_text("· end")


def test_the_strongest_unit_is_set_and_the_score_follows(lab: Visitor) -> None:
    page = lab.page
    page.get_by_label("Texts, one per line").fill("a great film")
    score = page.locator(".lab-score")
    expect(page.locator(".lab-word")).to_have_count(4)
    free = score.inner_text()
    slider = page.get_by_label("Set the strongest unit")
    slider.focus()
    page.keyboard.press("Home")
    low = score.inner_text()
    page.keyboard.press("End")
    expect(score).not_to_have_text(low)
    expect(page.locator("#hold-value")).to_contain_text("Held at 1.0")
    page.get_by_role("button", name="Release").click()
    expect(score).to_have_text(free)


def test_gates_of_either_layer_are_shown_over_the_tokens(lab: Visitor) -> None:
    page = lab.page
    expect(page.locator("#panes .map.drawn")).to_have_count(1)
    page.get_by_role("radio", name="f", exact=True).click()
    expect(page.locator("#value")).to_contain_text("f = ")
    page.get_by_role("radio", name="1", exact=True).click()
    expect(page.locator("#value")).to_contain_text("of layer 1")


def test_a_table_is_scored_and_saved_and_a_bad_file_gets_one_sentence(
    lab: Visitor, tmp_path: Path
) -> None:
    page = lab.page
    expect(page.locator(".lab-word").first).to_be_visible()
    file = page.get_by_label("CSV file with a column of texts")
    state = page.locator("#csv-state")
    file.set_input_files(
        {
            "name": "t.csv",
            "mimeType": "text/csv",
            "buffer": b'text,label\r\n"a great film, yes",positive\r\na bad meal,negative\r\n',
        }
    )
    expect(state).to_have_text("2 texts read: 1 positive. 2 of 2 labels agree (100.0%).")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save scores as CSV").click()
    path = tmp_path / "scores.csv"
    download.value.save_as(path)
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == '"text","label",score,sentiment'
    assert lines[1].startswith('"a great film, yes","positive",0.')
    assert lines[1].endswith(",positive")
    for buffer, sentence in (
        (b"", "This file contains no rows."),
        (b"\x89PNG\x00\xff", "This file isn’t UTF-8 text."),
        (b"text\n" + b"a good film\n" * 2001, "This file has more than 2,000 rows. Split it."),
    ):
        file.set_input_files({"name": "t.csv", "mimeType": "text/csv", "buffer": buffer})
        expect(state).to_have_text(sentence)
