"""A model card, by staff or out of a file of anybody's, is Markdown and no more."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from memory_app.core.evaluation.model_card import write_card
from memory_app.models import Checkpoint
from tests.browser.payloads import PAYLOADS
from tests.browser.test_payloads import unharmed
from tests.browser.visitor import Visitor


@pytest.fixture
def desk(visitor: Visitor, checkpoint: Checkpoint, as_staff: Callable[[Page, str], Page]) -> Page:
    """A member of staff at the checkpoint's page."""
    return as_staff(visitor.page, f"/admin/checkpoints/{checkpoint.pk}/")


def nothing_ran(page: Page) -> None:
    # The site's own mark is the one picture that a page of the dashboard has.
    page.locator("#site-name img").evaluate("one => one.remove()")
    unharmed(page)


def tags_of(page: Page) -> set[str]:
    return set(page.locator(".card *").evaluate_all("all => all.map((one) => one.localName)"))


def test_a_card_that_is_written_in_the_page_runs_nothing(desk: Page) -> None:
    card = "# What it is\n\n**bold**, `code`\n\n" + "\n\n".join(PAYLOADS)
    desk.get_by_text("Edit card").click()
    desk.get_by_label("Markdown").fill(card)
    desk.get_by_role("button", name="Save card").click()
    expect(desk.locator(".card h3")).to_have_text("What it is")
    expect(desk.locator(".card strong").first).to_have_text("bold")
    assert tags_of(desk) <= {"h3", "p", "strong", "em", "code", "pre", "br", "a", "blockquote"}
    nothing_ran(desk)
    # To be written on it stands there as it was written.
    kept = Checkpoint.objects.get().card
    assert desk.get_by_label("Markdown").input_value() == kept
    assert "<script>" in kept


def test_a_card_made_of_a_strangers_config_shows_its_words_as_words(
    desk: Page, checkpoint: Checkpoint
) -> None:
    some = PAYLOADS[::7]
    config = checkpoint.config | {
        "training": {
            "settings": {"bot_only": some[2], "facts": 0.3},
            "validation_bits_per_byte": {some[3]: 1.5},
            "recall": {some[4]: 0.5},
        },
        "data": [{"name": one, "licence": one, "attribution": one, "sha256": one} for one in some],
    }
    card = write_card(some[5], "ab" * 32, config, parent=some[6])
    Checkpoint.objects.filter(pk=checkpoint.pk).update(
        card=card, name=some[7][:200], config=json.loads(json.dumps(config))
    )
    desk.reload()
    nothing_ran(desk)
    shown = " ".join(desk.locator(".card").inner_text().split())
    for payload in some[:8]:
        if "{" not in payload and "\u2028" not in payload:
            assert payload.split()[0][:12] in shown
    assert tags_of(desk).isdisjoint({"script", "img", "svg", "iframe", "style", "a"})
