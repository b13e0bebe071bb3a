"""A chat on paper: what belongs together stands on one page."""

import re

from playwright.sync_api import expect

from tests.browser.visitor import Visitor
from tests.conftest import spoken_turn, stored

# A PDF tells of links by their page: one in each message and each reply; the strip is one already.
LINKS = """() => document.querySelectorAll(".turn").forEach((turn) => {
  for (const text of turn.querySelectorAll(".you .text, .bot .text")) {
    const link = document.createElement("a");
    link.href = turn.querySelector("a.strip").href;
    link.append(...text.childNodes);
    text.append(link);
  }
})"""


def pages_of_links(pdf: bytes) -> list[list[str]]:
    """The addresses that each page's links lead to, as Chromium writes them."""
    objects = dict(re.findall(rb"\n(\d+) 0 obj\n(.*?)endobj", pdf, re.S))
    pages = []
    for page in objects.values():
        if b"/Type /Page\n" in page:
            links = re.search(rb"/Annots \[(.*?)\]", page, re.S)
            numbers = re.findall(rb"(\d+) 0 R", links[1] if links else b"")
            targets = [re.search(rb"/URI \((.*?)\)", objects[number]) for number in numbers]
            pages.append([target[1].decode() for target in targets if target])
    return pages


def test_a_message_its_reply_and_its_strip_are_on_one_page(visitor: Visitor) -> None:
    page = visitor.page
    chat = stored(visitor.start_chat())
    for n in range(20):
        # Of many heights, so that a page may end anywhere in a turn.
        spoken_turn(
            chat, "My name is Clara. " * (1 + 5 * n % 23), "Your name is Clara. " * (n % 4 + 1)
        )
        chat.refresh_from_db()
    page.reload()
    page.evaluate(LINKS)
    pages = pages_of_links(page.pdf(format="A4"))
    assert len(pages) > 2
    turns = {target for targets in pages for target in targets if "/turn/" in target}
    assert len(turns) == 20
    for turn in turns:
        places = [n for n, targets in enumerate(pages) if turn in targets]
        assert len(places) == 1, f"{turn} is on pages {places}"


def test_the_gate_view_on_paper_names_its_lines_and_shows_no_controls(gates: Visitor) -> None:
    page = gates.page
    expect(page.locator("#unit:not(.empty)")).to_be_visible()
    page.emulate_media(media="print")
    labels = page.locator("#line-gates label")
    assert labels.filter(visible=True).all_inner_texts() == ["i", "f", "o"]
    expect(page.locator("#line-gates input").first).to_be_hidden()
    names = page.locator("main button:not(.token, .most .link)").filter(visible=True)
    assert names.all_inner_texts() == []
