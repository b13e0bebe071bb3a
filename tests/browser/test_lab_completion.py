"""The Lab's page of texts in a browser: written, chosen, forked, looked at, saved."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from memory_app import registry
from tests.browser.visitor import Visitor


@pytest.fixture
def lab(visitor: Visitor, songs_folder: Path) -> Visitor:
    registry.register(songs_folder)
    visitor.page.goto(f"{visitor.url}/lab/completion/")
    expect(visitor.page.locator("#state")).to_have_text("The text has ended.")
    return visitor


def test_a_text_is_written_and_goes_on_differently_from_any_character(
    lab: Visitor, tmp_path: Path
) -> None:
    page = lab.page
    whole = page.locator("#text-a .lab-character")
    assert whole.count() >= 8
    whole.nth(2).click()
    expect(page.locator("#at")).to_contain_text("surprised it by")
    expect(page.locator("#panes .map.drawn")).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    expect(whole.nth(1)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Go on from here").click()
    fork = page.locator("#text-b .lab-character")
    expect(page.locator("#state")).to_have_text("The text has ended.")
    expect(fork.nth(4)).to_be_visible()
    for k in range(2):
        assert fork.nth(k).inner_text() == whole.nth(k).inner_text()
        expect(fork.nth(k)).to_have_class(
            "lab-character given" if k else "lab-character lab-mark given"
        )
    expect(page.locator("#head-b")).to_contain_text("From place 2")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as .txt").click()
    download.value.save_as(tmp_path / "text.txt")
    saved = (tmp_path / "text.txt").read_text("utf-8")
    assert saved.startswith("短歌\n\n") or saved.startswith("长歌\n\n")
    assert not any("\ue000" <= char <= "\uefff" for char in saved)


def test_two_tunes_are_written_side_by_side_at_one_seed(lab: Visitor) -> None:
    page = lab.page
    whole = page.locator("#text-a").inner_text()
    other = page.locator("#prime option:not(:checked)").get_attribute("value")
    assert other
    page.get_by_role("button", name="Write beside it").click()
    expect(page.locator("#state")).to_contain_text("it would be the same text")
    expect(page.locator("#text-b")).to_be_hidden()
    page.get_by_label("Tune").select_option(other)
    page.get_by_role("button", name="Write beside it").click()
    expect(page.locator("#head-b")).to_have_text(f"{other}, seed 7")
    expect(page.locator("#text-b .lab-character").nth(4)).to_be_visible()
    expect(page.locator("#state")).to_have_text("The text has ended.")
    assert page.locator("#text-a").inner_text() == whole
    assert page.locator("#text-b").inner_text() != whole


def test_first_words_are_kept(lab: Visitor) -> None:
    page = lab.page
    page.get_by_label("First words").fill("山水")
    page.get_by_role("button", name="Write", exact=True).click()
    given = page.locator("#text-a .given")
    expect(given).to_have_count(3)  # and its mark
    expect(page.locator("#state")).to_have_text("The text has ended.")
