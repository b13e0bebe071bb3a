"""The corpora's pages by pointer and by keyboard, in a browser that hears every complaint."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from memory_app.models import Corpus
from tests.browser.visitor import Visitor

SCRIPT = "<script>globalThis.hit=1</script><img src=x onerror=globalThis.hit=1>"


@pytest.fixture
def desk(visitor: Visitor, as_staff: Callable[[Page, str], Page]) -> Page:
    """A member of staff at the corpora's page."""
    return as_staff(visitor.page, "/admin/corpora/")


def dialogues(path: Path, count: int = 25, bad: int = 0) -> Path:
    said = [{"role": "user", "text": SCRIPT}, {"role": "bot", "text": "Hello!"}]
    rows = [json.dumps({"turns": said})] * count + ['{"turns": []}'] * bad
    path.write_text("\n".join(rows))
    return path


def test_a_corpus_is_uploaded_looked_at_and_deleted(desk: Page, tmp_path: Path) -> None:
    desk.set_input_files("#file", dialogues(tmp_path / "small talk.jsonl", bad=2))
    expect(desk.get_by_label("Name")).to_have_value("small talk")
    desk.get_by_label("Licence").fill("CC0")
    desk.get_by_role("button", name="Upload").click()
    desk.wait_for_url("**/admin/corpora/*-*/")
    expect(desk.get_by_role("heading", level=1)).to_contain_text("small talk")
    expect(desk.locator(".messagelist")).to_contain_text("Dialogues imported: 25. Rows refused: 2.")
    expect(desk.locator(".refusals")).to_contain_text("lines 26, 27")
    assert desk.locator(".preview dd").first.text_content() == SCRIPT
    assert desk.evaluate("globalThis.hit") is None
    desk.get_by_role("link", name="Next").first.click()
    expect(desk.locator("#preview")).to_contain_text("Dialogue 11")
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith("-train.jsonl")
    assert Path(download.value.path()).read_text().count("\n") == 25
    desk.get_by_role("link", name="Delete").click()
    desk.get_by_role("button", name="Delete the corpus").click()
    desk.wait_for_url("**/admin/corpora/")
    assert not Corpus.objects.exists()


def test_a_refusal_stands_by_the_form_and_the_words_stay(desk: Page, tmp_path: Path, complaints):
    desk.set_input_files("#file", dialogues(tmp_path / "bad.jsonl", count=0, bad=30))
    desk.get_by_label("Licence").fill("CC BY 4.0")
    desk.get_by_role("button", name="Upload").click()
    expect(desk.get_by_role("alert")).to_contain_text("1 field needs a change.")
    expect(desk.locator("#error-file")).to_contain_text("No row was imported")
    expect(desk.locator("#refusals li")).to_have_count(1)
    expect(desk.locator("#refusals li")).to_contain_text("30 rows")
    file = desk.get_by_label("File", exact=True)
    expect(file).to_have_attribute("aria-invalid", "true")
    expect(file).to_have_attribute("aria-describedby", "error-file file-help")
    assert desk.evaluate("document.getElementById('file').files.length") == 1
    expect(desk.get_by_label("Licence")).to_have_value("CC BY 4.0")
    expect(desk.get_by_role("button", name="Upload")).to_be_enabled()
    # The browser itself tells the console of every answer 400.
    assert all("400" in line for line in complaints)
    complaints.clear()


def test_what_is_too_large_is_said_before_it_is_sent(desk: Page, tmp_path: Path, settings) -> None:
    settings.UPLOAD_MAX_MB = 1
    desk.reload()
    large = tmp_path / "large.jsonl"
    large.write_bytes(b"a" * (3 << 20))
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.method))
    desk.set_input_files("#file", large)
    expect(desk.locator(".going")).to_have_text("This file is larger than the site accepts.")
    desk.get_by_role("button", name="Upload").click()
    assert "POST" not in asked


def test_the_keyboard_alone_adds_the_sample_and_opens_it(desk: Page) -> None:
    button = desk.get_by_role("button", name="Add sample corpus")
    for _ in range(30):
        desk.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            break
    # It takes seconds: until the next page is there, the button says what is going on.
    button.evaluate(
        "one => addEventListener('pagehide', () => (sessionStorage.said = one.textContent))"
    )
    desk.keyboard.press("Enter")
    link = desk.get_by_role("link", name="sample-facts").first
    expect(link).to_be_visible()
    assert desk.evaluate("sessionStorage.said") == "Adding the sample corpus…"
    link.focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", level=1)).to_contain_text("sample-facts")
    expect(desk.locator(".tiles")).to_contain_text("3,000")
    assert Corpus.objects.filter(name="sample-facts").count() == 2


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_its_window(desk: Page, tmp_path: Path, width: int) -> None:
    desk.set_viewport_size({"width": width, "height": 800})
    desk.set_input_files("#file", dialogues(tmp_path / "talks.jsonl"))
    desk.get_by_role("button", name="Upload").click()
    desk.wait_for_url("**/admin/corpora/*-*/")
    corpus = desk.url
    for url in (corpus, "/admin/corpora/", "/admin/checkpoints/import/"):
        desk.goto(url if url == corpus else corpus.split("/admin/")[0] + url)
        assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth"), url
