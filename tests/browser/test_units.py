"""From a unit of a turn to its page, and from a phrase to units and places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from memory_app.services.chat import unit_index
from tests.browser.visitor import Visitor


@pytest.fixture(autouse=True)
def short_text(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(unit_index, "REFERENCE_TOKENS", 300)
    monkeypatch.setattr(unit_index, "_open", {})
    building: dict[str, Any] = {}
    monkeypatch.setattr(unit_index, "_building", building)
    yield
    for future in building.values():
        future.result(60)


def test_a_unit_of_a_turn_leads_to_its_page_and_a_note_is_kept(gates: Visitor, trace: Any) -> None:
    page = gates.page
    page.get_by_role("link", name="This unit in other texts").click()
    page.wait_for_url("**/layer/2/unit/*/")
    expect(page.get_by_role("heading", name="Highest in the reference text")).to_be_visible()
    expect(page.get_by_role("heading", name="In your own chats")).to_be_visible()
    expect(page.locator("#own").get_by_role("link", name="gates").first).to_be_visible()
    page.get_by_label("Your note on this unit").fill("Follows names.")
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_label("Your note on this unit")).to_have_value("Follows names.")


def test_a_phrase_is_chosen_by_its_tokens_and_by_keyboard(gates: Visitor, trace: Any) -> None:
    page = gates.page
    page.get_by_role("link", name="Find units by a phrase of this turn").click()
    tokens = page.locator("#phrase-tokens .token")
    expect(tokens).to_have_count(len(trace["token_ids"]))
    tokens.nth(3).click()
    tokens.nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("from", exact=True)).to_have_value("1")
    expect(page.get_by_label("to", exact=True)).to_have_value("3")
    pressed = tokens.evaluate_all("all => all.map((one) => one.ariaPressed === 'true')")
    assert [n for n, on in enumerate(pressed) if on] == [1, 2, 3]
    page.get_by_label("is at least").fill("0.02")
    page.get_by_label("off before").uncheck()
    page.get_by_label("off after").uncheck()
    page.get_by_role("button", name="Find units").click()
    expect(page.get_by_role("heading", name="follow")).to_be_visible()
    expect(page.get_by_role("heading", name="Places in the reference text")).to_be_visible()
    # The turn that the phrase was chosen in is among one's own.
    expect(page.locator("#own .unit-lines").get_by_role("link", name="gates")).to_have_count(1)
