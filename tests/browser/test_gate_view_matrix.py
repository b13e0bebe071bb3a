"""The gate view and memory panel of an xlstm: layers that differ, C as a picture per head."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from memory_app import registry
from tests.browser.gate_view import drawn, open_gates, trace_of
from tests.browser.visitor import Visitor
from tests.conftest import make_checkpoint


@pytest.fixture
def gates(server, visitor: Visitor, tmp_path: Path) -> Visitor:
    """The gate view of a reply of an xlstm with two LSTM layers and a block."""
    make_checkpoint(tmp_path / "matrix", cell="xlstm", num_layers=3)
    registry.promote(registry.register(tmp_path / "matrix"))
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    return open_gates(visitor)


def test_a_block_shows_its_own_gates_and_what_its_heads_read(gates: Visitor) -> None:
    page = gates.page
    trace = trace_of(page)
    # The view opens on the last layer, whose rows are those of its heads.
    names = page.locator(".bands span").all_text_contents()
    assert sorted(names) == ["head 1", "head 2", "head 3", "head 4"]
    expect(page.locator("#matrices")).to_be_visible()
    drawn(page, "f 2 timescale")
    expect(page.locator("#gate-tabs [data-value=g]")).to_be_hidden()
    expect(page.locator("#matrix-heads canvas")).to_have_count(4)
    expect(page.locator("#most tr")).to_have_count(4)
    page.get_by_role("radio", name="k key").click()
    drawn(page, "k 2 timescale")
    units = trace["k.2"].shape[1]
    expect(page.locator("#at-unit")).to_contain_text(f"/ {units}")
    # The LSTM below has no keys: its forget gate is shown instead.
    page.get_by_role("radio", name="Layer 1").click()
    drawn(page, "f 0 timescale")
    expect(page.locator("#matrices")).to_be_hidden()
    page.get_by_role("radio", name="All layers").click()
    drawn(page, "f all timescale")
    expect(page.locator(".pane")).to_have_count(3)


def test_the_panel_shows_the_parts_that_a_layer_has(gates: Visitor) -> None:
    page = gates.page
    page.go_back()
    rows = page.locator("#norms tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0).locator("td:nth-of-type(3) span")).to_have_text("–")  # C of an LSTM layer
    expect(rows.nth(2).locator("td:nth-of-type(3) span")).not_to_have_text("–")
    expect(page.locator("#cells canvas")).to_have_count(3)
